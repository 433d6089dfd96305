"""The discovery URLs, and an MCP endpoint that requires DPoP."""

from __future__ import annotations

from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required
from tests.urls import page

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("mcp", bearer_required(dpop="require")(page)),
]
