"""The columns of the list of keys, and the fields on the page of a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State, Unpublishable, Unusable
from mcp_oauth_discovery.rotation.outlook import next_step

if TYPE_CHECKING:
    SigningKeyModelAdmin = admin.ModelAdmin[SigningKey]
else:
    SigningKeyModelAdmin = admin.ModelAdmin


class StateFilter(admin.SimpleListFilter):
    """Filter keys by their state, which is computed and has no database column."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[SigningKey]
    ) -> QuerySet[SigningKey]:
        wanted, now = self.value(), timezone.now()
        if wanted is None:
            return queryset
        matches: list[int] = [key.pk for key in queryset if key.state(now).value == wanted]
        keys: QuerySet[SigningKey] = queryset.filter(pk__in=matches)
        return keys


class SigningKeyColumns(SigningKeyModelAdmin):
    """The columns of the list, and the read-only fields of a key. None shows a private key."""

    @admin.display(description="key ID", ordering="kid")
    def short_kid(self, obj: SigningKey) -> str:
        return format_html('<span title="{}">{}</span>', obj.kid, obj.short_kid)

    @admin.display(description="state")
    def state_label(self, obj: SigningKey) -> str:
        state = obj.state()
        return format_html('<span class="mcp-state mcp-{}">{}</span>', state.value, state.label)

    @admin.display(description="in the JWK Set", boolean=True)
    def is_in_jwk_set(self, obj: SigningKey) -> bool:
        return obj.is_published()

    @admin.display(description="next")
    def next_step(self, obj: SigningKey) -> str:
        return next_step(obj, timezone.now())

    @admin.display(description="published from", ordering="created_at")
    def published_from(self, obj: SigningKey) -> str:
        return stamp(obj.created_at)

    @admin.display(description="signs from", ordering="activates_at")
    def signs_from(self, obj: SigningKey) -> str:
        return stamp(obj.activates_at)

    @admin.display(description="retires", ordering="retires_at")
    def retires(self, obj: SigningKey) -> str:
        return stamp(obj.retires_at)

    @admin.display(description="leaves the JWK Set", ordering="expires_at")
    def leaves(self, obj: SigningKey) -> str:
        return stamp(obj.leaves_at)

    @admin.display(description="revoked")
    def revoked(self, obj: SigningKey) -> str:
        return stamp(obj.revoked_at)

    @admin.display(description="public JWK, as published")
    def public_jwk_text(self, obj: SigningKey) -> str:
        try:
            return _copyable(json.dumps(obj.published_jwk, indent=2))
        except Unpublishable as error:
            return f"not published: {error}"

    @admin.display(description="public key, as PEM")
    def public_pem_text(self, obj: SigningKey) -> str:
        try:
            return _copyable(jwk.public_pem(obj.published_jwk))
        except Unpublishable as error:
            return f"not published: {error}"

    @admin.display(description="private key")
    def private_key_status(self, obj: SigningKey) -> str:
        if not obj.private_key:
            return "not in the key store"
        try:
            obj.unseal()
        except (Unusable, ImproperlyConfigured) as error:
            return str(error)
        return "in the key store, encrypted; never shown"


def _copyable(text: str) -> str:
    return format_html(
        '<div class="mcp-copyable"><pre>{}</pre>'
        '<button type="button" class="button" data-mcp-copy hidden>Copy</button></div>',
        text,
    )
