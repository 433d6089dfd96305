from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _

__all__ = ["McpOAuthDiscoveryConfig"]


class McpOAuthDiscoveryConfig(AppConfig):
    """The app. `"mcp_oauth_discovery"` in `INSTALLED_APPS` selects it, and registers its checks.

    It also has the metadata of a resource announce what its views do.
    """

    name = "mcp_oauth_discovery"
    verbose_name = _("MCP OAuth discovery")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Import this here: the checks import models, which need the app registry.
        from mcp_oauth_discovery import checks
        from mcp_oauth_discovery.checks.announced import announced_members
        from mcp_oauth_discovery.discovery.announced import announce_by

        checks.register_all()
        announce_by(announced_members)
        if apps.is_installed("drf_spectacular"):
            # drf-spectacular finds its extensions once they are imported.
            import_module("mcp_oauth_discovery.contrib.spectacular")
