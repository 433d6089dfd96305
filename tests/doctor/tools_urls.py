"""A project whose MCP endpoint is at an unusual path."""

from __future__ import annotations

from django.urls import include, path

from tests.doctor.healthy_urls import endpoint

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("tools/mcp", endpoint),
]
