"""A project beside an MCP server of another process: its API needs the same tokens."""

from __future__ import annotations

from django.urls import path

from tests.doctor.elsewhere_urls import OTHERS, mcp

urlpatterns = [path("items/<int:pk>", mcp), path("items", mcp), *OTHERS]
