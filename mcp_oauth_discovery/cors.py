"""Header lists for django-cors-headers, for the MCP endpoint. Import them into your settings."""

from __future__ import annotations

from corsheaders.defaults import default_headers

from mcp_oauth_discovery.standards.mcp_headers import EXPOSED_HEADERS, REQUEST_HEADERS

__all__ = ["MCP_EXPOSED_HEADERS", "MCP_REQUEST_HEADERS"]

# Add the `Mcp-Param-*` headers that your tools declare.
MCP_REQUEST_HEADERS = (
    *default_headers,
    *(name for name in REQUEST_HEADERS if name not in default_headers),
)

MCP_EXPOSED_HEADERS = EXPOSED_HEADERS
