"""A project that routes the metadata of its resource, and neither cards nor the catalogue."""

from __future__ import annotations

from django.urls import path

from mcp_oauth_discovery.urls import urlpatterns as every_url
from tests.doctor.healthy_urls import endpoint

urlpatterns = [
    *(pattern for pattern in every_url if pattern.name not in ("ai-catalog", "server-card")),
    path("mcp", endpoint),
]
