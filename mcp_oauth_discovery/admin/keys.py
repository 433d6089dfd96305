"""The keys in the admin: read-only pages, and changes that must be confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.admin.columns import SigningKeyColumns
from mcp_oauth_discovery.admin.history import KeyHistory
from mcp_oauth_discovery.admin.menu import Overview, OverviewAdmin
from mcp_oauth_discovery.admin.pages import explained, page
from mcp_oauth_discovery.admin.states import StateFilter, folded, sortable
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation import consequences

# The lookups of filters and date hierarchies. None of them can search for part of a text.
_FILTER_LOOKUPS = ("", "__exact", "__gte", "__isempty", "__isnull", "__lt")
_DATE_LOOKUPS = ("__year", "__month", "__day")
_DONE = {"retire": _("Retired."), "revoke": _("Revoked.")}


@admin.register(SigningKey)
class SigningKeyAdmin(KeyHistory, SigningKeyColumns):
    """Keys cannot be added, edited or deleted here, and no private key is shown."""

    list_display = ("state_label", "short_kid", "algorithm", "next_step")
    list_display_links = ("short_kid",)
    list_filter = (StateFilter, "algorithm")
    show_facets = admin.ShowFacets.ALWAYS
    ordering = ("algorithm", "-created_at")
    search_fields = ("kid",)
    actions = ("retire_keys", "revoke_keys")
    fieldsets = (
        (None, {"fields": ("kid", "algorithm", "state_label", "is_in_jwk_set", "next_step")}),
        (
            _("Timeline"),
            {"fields": ("published_from", "signs_from", "retires", "leaves", "revoked")},
        ),
        (_("Public key"), {"fields": ("public_jwk_text", "public_pem_text")}),
        (_("Private key"), {"fields": ("private_key_status",)}),
    )
    change_list_template = "mcp_oauth_discovery/admin/change_list.html"
    change_form_template = "mcp_oauth_discovery/admin/change_form.html"

    class Media:
        css = {"all": ("mcp_oauth_discovery/admin.css",)}
        js = ("mcp_oauth_discovery/admin.js",)

    def __init__(self, model: type[SigningKey], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        # Each admin site that has the keys has the overview too.
        if not admin_site.is_registered(Overview):
            admin_site.register(Overview, OverviewAdmin)

    def get_urls(self) -> list[URLPattern]:
        rotate = self.admin_site.admin_view(self.rotate_view)
        return [
            path("rotate/", rotate, name="mcp_oauth_discovery_signingkey_rotate"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        return sortable(super().get_queryset(request), timezone.now())

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the lookups of the list's filters. Others could reveal the ciphertext."""
        needed = {f"{self.date_hierarchy}{suffix}" for suffix in _DATE_LOOKUPS}
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, admin.SimpleListFilter):
                needed.add(str(item.parameter_name))
            else:
                column = item[0] if isinstance(item, (list, tuple)) else item
                needed.update(f"{column}{suffix}" for suffix in _FILTER_LOOKUPS)
        # PostgreSQL accepts no NUL in a parameter.
        return "\x00" not in value and lookup in needed

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SigningKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SigningKey | None = None) -> bool:
        return False

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mcp_oauth_discovery.rotate_signingkey")

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mcp_oauth_discovery.retire_signingkey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mcp_oauth_discovery.revoke_signingkey")

    @admin.action(description=_("Retire the selected keys…"), permissions=["retire"])
    def retire_keys(
        self, request: HttpRequest, queryset: QuerySet[SigningKey]
    ) -> HttpResponse | None:
        return self._confirmed(request, queryset, "retire", rotation.retire)

    @admin.action(description=_("Revoke the selected keys…"), permissions=["revoke"])
    def revoke_keys(
        self, request: HttpRequest, queryset: QuerySet[SigningKey]
    ) -> HttpResponse | None:
        return self._confirmed(request, queryset, "revoke", rotation.revoke)

    @explained
    def rotate_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for confirmation, and rotate all configured algorithms on POST."""
        if not (self.has_view_permission(request) and self.has_rotate_permission(request)):
            raise PermissionDenied
        try:
            algorithms = policy.signing_algorithms()
            if request.method != "POST":
                return self._page(request, "rotate", consequences.rotation_context(algorithms))
            for algorithm in algorithms:
                self._rotate(request, algorithm)
        except ImproperlyConfigured as error:
            self.message_user(request, str(error), messages.ERROR)
        name = "admin:mcp_oauth_discovery_signingkey_changelist"
        return HttpResponseRedirect(reverse(name, current_app=self.admin_site.name))

    def _rotate(self, request: HttpRequest, algorithm: str) -> None:
        now = timezone.now()
        try:
            key = rotation.rotate(algorithm, now=now)
        except rotation.Refused as error:
            self.message_user(request, f"{algorithm}: {error}", messages.ERROR)
            return
        names = {"algorithm": algorithm, "key": key, "start": stamp(key.activates_at)}
        if key.created_at == now:
            entry = gettext("Rotated %(algorithm)s: this key was published.")
            self.log_addition(request, key, entry % names)
            text = gettext("%(algorithm)s: published %(key)s; it signs from %(start)s.")
            self.message_user(request, text % names, messages.SUCCESS)
        else:
            text = gettext("%(algorithm)s: %(key)s is already pending; nothing was changed.")
            self.message_user(request, text % names, messages.WARNING)

    def _confirmed(
        self,
        request: HttpRequest,
        queryset: QuerySet[SigningKey],
        verb: str,
        change: Callable[..., SigningKey],
    ) -> HttpResponse | None:
        """Show a page that explains the consequences. Change the keys once it is confirmed."""
        # Pending keys come before active ones, whose dates depend on them.
        keys = list(queryset.order_by("algorithm", "-generation"))
        try:
            context = consequences.change_context(keys, verb)
        except ImproperlyConfigured as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        if not keys:
            text = gettext("No keys were changed: the selected keys are no longer in this list.")
            self.message_user(request, text, messages.WARNING)
            return None
        if "confirmed" not in request.POST:
            return self._page(request, verb, context)
        for key in keys:
            try:
                text = consequences.outcome(change(key), verb)
            except (rotation.Refused, ImproperlyConfigured) as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.log_change(request, key, str(_DONE[verb]))
                self.message_user(request, text, messages.SUCCESS)
        return None

    def _page(self, request: HttpRequest, verb: str, context: dict[str, Any]) -> HttpResponse:
        return page(self, request, verb, context)

    @explained
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Without this, Django would ignore the action and show the list.
        forbidden = {"retire_keys", "revoke_keys"}.difference(self.get_actions(request))
        if not forbidden.isdisjoint(request.POST.getlist("action")):
            raise PermissionDenied
        may_rotate = self.has_rotate_permission(request)
        context = {**(extra_context or {}), "may_rotate": may_rotate}
        response = super().changelist_view(request, context)
        # Other answers are redirects, and pages that ask for confirmation.
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            shown.update(folded(shown["cl"], request))
        return response

    @explained
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        key = self.get_object(request, object_id)
        state = key.state() if key else None
        tools = {
            "may_retire": self.has_retire_permission(request) and state is State.ACTIVE,
            "may_revoke": self.has_revoke_permission(request) and state is not State.REVOKED,
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **tools})
