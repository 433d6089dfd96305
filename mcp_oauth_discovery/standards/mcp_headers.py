"""The header fields of MCP clients, as their preflights name them."""

from __future__ import annotations

# The headers that clients send, except `Mcp-Param-*`, whose names are not fixed.
REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "last-event-id",
)

# The headers that their scripts must read: the challenge, and the session of older MCP revisions.
EXPOSED_HEADERS = ("www-authenticate", "mcp-session-id", "mcp-protocol-version")
