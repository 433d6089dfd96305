"""The overview in the menu of the admin, with a line about the health of this site on the index."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connections, models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from mcp_oauth_discovery.admin.health import health_line
from mcp_oauth_discovery.admin.overview import overview_context
from mcp_oauth_discovery.admin.pages import page
from mcp_oauth_discovery.models import SigningKey

# The health of the site while the index is made; "" on other pages, which only need the name.
_health: ContextVar[str] = ContextVar("health", default="")
_CHANGE_KEYS = "mcp_oauth_discovery.rotate_signingkey"


def _name() -> str:
    health = _health.get()
    return _("Overview · %(health)s") % {"health": health} if health else _("Overview")


class Overview(models.Model):  # noqa: DJ008 - it has no instances
    """An entry in the menu of the admin, which lists models only.

    It has no table, no migration and no permission: the registry of the project does not have it.
    """

    class Meta:
        app_label = "mcp_oauth_discovery"
        apps = Apps()
        managed = False
        default_permissions = ()
        verbose_name = verbose_name_plural = lazy(_name, str)()


if TYPE_CHECKING:
    OverviewModelAdmin = admin.ModelAdmin[Overview]
else:
    OverviewModelAdmin = admin.ModelAdmin


class OverviewAdmin(OverviewModelAdmin):
    """The overview, where other models have a list, and the doctor below it."""

    class Media:
        css = {"all": ("mcp_oauth_discovery/admin.css",)}
        js = ("mcp_oauth_discovery/admin.js",)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        overview = wrap(require_safe(self.changelist_view))
        doctor = require_http_methods(["GET", "HEAD", "POST"])(self.doctor_view)
        for alias in connections:
            # The doctor would lend the connection of an open transaction to a view that may hang.
            doctor = transaction.non_atomic_requests(alias)(doctor)
        return [
            path("", overview, name="mcp_oauth_discovery_overview_changelist"),
            path("doctor/", wrap(doctor), name="mcp_oauth_discovery_overview_doctor"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Overview | None = None) -> bool:
        # The page links to the keys, which a project may take out of its admin.
        has_keys = self.admin_site.is_registered(SigningKey)
        return has_keys and request.user.has_perm("mcp_oauth_discovery.view_signingkey")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Overview | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Overview | None = None) -> bool:
        return False

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Return the permissions. The site reads the name of the entry next."""
        match, values = request.resolver_match, vars(request)
        is_index = match is not None and match.url_name in ("index", "app_list")
        # The index asks twice: for the page, and for the menu.
        if is_index and "_mcp_health" not in values:
            values["_mcp_health"] = health_line()
        _health.set(values.get("_mcp_health", ""))
        return super().get_model_perms(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what is published, what happens next, and the results of the checks."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = request.user.has_perm(_CHANGE_KEYS)
        context = {**overview_context(request), "may_rotate": may_change, "may_examine": may_change}
        return page(self, request, "overview", {**context, **(extra_context or {})})

    def doctor_view(self, request: HttpRequest) -> HttpResponse:
        """Explain what the doctor does, and run it on POST.

        It signs tokens for the endpoints with the keys, so viewing keys is not enough to run it.
        """
        if not (self.has_view_permission(request) and request.user.has_perm(_CHANGE_KEYS)):
            raise PermissionDenied
        context = {"title": _("Doctor")}
        if request.method == "POST":
            # Most processes never run the doctor, and its import would delay the start of each.
            from mcp_oauth_discovery.admin.doctor import doctor_context

            context |= doctor_context(request)
        return page(self, request, "doctor", context)
