from __future__ import annotations

from django.apps import AppConfig


class McpOAuthDiscoveryConfig(AppConfig):
    name = "mcp_oauth_discovery"
    verbose_name = "MCP OAuth discovery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Not before: the checks read models, which wait for all apps.
        from mcp_oauth_discovery import checks

        checks.register_all()
