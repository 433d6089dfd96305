"""The challenge in a 401 that points an MCP client to the protected resource metadata."""

from __future__ import annotations

from mcp_oauth_discovery.challenge.answers import insufficient_scope, unauthorized
from mcp_oauth_discovery.challenge.headers import bearer_challenge, resource_metadata_url
from mcp_oauth_discovery.challenge.tool_results import tool_result_challenge

__all__ = [
    "bearer_challenge",
    "insufficient_scope",
    "resource_metadata_url",
    "tool_result_challenge",
    "unauthorized",
]
