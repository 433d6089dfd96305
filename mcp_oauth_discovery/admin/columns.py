"""The columns of the list of keys, and the fields on the page of a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, OrderBy
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State, Unpublishable, Unusable
from mcp_oauth_discovery.rotation.outlook import next_event, next_step

if TYPE_CHECKING:
    SigningKeyModelAdmin = admin.ModelAdmin[SigningKey]
else:
    SigningKeyModelAdmin = admin.ModelAdmin


class SigningKeyColumns(SigningKeyModelAdmin):
    """The columns of the list, and the read-only fields of a key. None shows a private key."""

    @admin.display(description=_("key ID"), ordering="kid")
    def short_kid(self, obj: SigningKey) -> str:
        return format_html('<span title="{}">{}</span>', obj.kid, obj.short_kid)

    @admin.display(description=_("state"), ordering="state_order")
    def state_label(self, obj: SigningKey) -> str:
        state = obj.state()
        badge = format_html('<span class="mcp-state mcp-{}">{}</span>', state.value, state.label)
        if state in (State.EXPIRED, State.REVOKED) or obj.is_published():
            return badge
        # The key is damaged, or from another version: its page says why.
        text = gettext("Not in the JWK Set")
        return format_html('{} <span class="mcp-state mcp-revoked">{}</span>', badge, text)

    @admin.display(description=_("in the JWK Set"), boolean=True)
    def is_in_jwk_set(self, obj: SigningKey) -> bool:
        return obj.is_published()

    @admin.display(description=_("next event"), ordering=OrderBy(F("next_at"), nulls_last=True))
    def next_step(self, obj: SigningKey) -> str:
        now = timezone.now()
        try:
            event = next_event(obj, now)
        except Misconfigured:
            return capfirst(next_step(obj, now))
        if event is None:
            return "-"
        text, at = capfirst(event.text), stamp(event.at)
        return format_html('{} <span class="mcp-when">{}</span>', text, at)

    @admin.display(description=_("published from"))
    def published_from(self, obj: SigningKey) -> str:
        return stamp(obj.created_at)

    @admin.display(description=_("signs from"))
    def signs_from(self, obj: SigningKey) -> str:
        return stamp(obj.activates_at)

    @admin.display(description=_("retires"))
    def retires(self, obj: SigningKey) -> str:
        return stamp(obj.retires_at)

    @admin.display(description=_("leaves the JWK Set"))
    def leaves(self, obj: SigningKey) -> str:
        return stamp(obj.leaves_at)

    @admin.display(description=_("revoked"))
    def revoked(self, obj: SigningKey) -> str:
        return stamp(obj.revoked_at)

    @admin.display(description=_("public JWK, as published"))
    def public_jwk_text(self, obj: SigningKey) -> str:
        try:
            return _copyable(json.dumps(obj.published_jwk, indent=2))
        except Unpublishable as error:
            return _not_published(error)

    @admin.display(description=_("public key, as PEM"))
    def public_pem_text(self, obj: SigningKey) -> str:
        try:
            return _copyable(jwk.public_pem(obj.published_jwk))
        except Unpublishable as error:
            return _not_published(error)

    @admin.display(description=_("private key"))
    def private_key_status(self, obj: SigningKey) -> str:
        if not obj.private_key:
            return gettext("not in the key store")
        try:
            obj.unseal()
        except (Unusable, ImproperlyConfigured) as error:
            return str(error)
        return gettext("in the key store, encrypted; never shown")


def _not_published(error: Unpublishable) -> str:
    return gettext("not published: %(reason)s") % {"reason": error}


def _copyable(text: str) -> str:
    return render_to_string("mcp_oauth_discovery/admin/copyable.html", {"text": text})
