"""The history of a key, from its dates: they also show what commands and cron have changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mcp_oauth_discovery.admin.pages import explained
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey

if TYPE_CHECKING:
    SigningKeyModelAdmin = admin.ModelAdmin[SigningKey]
else:
    SigningKeyModelAdmin = admin.ModelAdmin


class Event(NamedTuple):
    """Something that happens to a key once; `is_coming` if it is planned."""

    at: str
    text: str | Promise
    is_coming: bool


def events(key: SigningKey, now: datetime) -> list[Event]:
    """Return what happened to a key and what is planned, in order."""
    # A stable sort keeps this order for events of one instant.
    dated = sorted(_dated(key), key=lambda event: event[0])
    return [Event(stamp(at), text, at > now) for at, text in dated]


def _dated(key: SigningKey) -> Iterator[tuple[datetime, str | Promise]]:
    # An imported public key has no place in the succession, and its dates of signing mean nothing.
    signs = key.generation is not None
    for at, text in (
        (key.created_at, _("Published in the JWK Set")),
        (key.activates_at if signs else None, _("Begins to sign")),
        (key.retires_at if signs else None, _("Retires: it no longer signs")),
        (key.expires_at, _("Leaves the JWK Set")),
    ):
        # A revocation cancels what was planned for later.
        if at and not (key.revoked_at and key.revoked_at < at):
            yield at, text
    if key.revoked_at:
        yield key.revoked_at, _("Revoked: it is never in the JWK Set again")


class KeyHistory(SigningKeyModelAdmin):
    """Adds the events of a key to its history, which records changes in the admin alone."""

    object_history_template = "mcp_oauth_discovery/admin/object_history.html"

    @explained
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        key = self.get_object(request, object_id)
        context = {"events": events(key, timezone.now()) if key else [], "media": self.media}
        return super().history_view(request, object_id, {**(extra_context or {}), **context})
