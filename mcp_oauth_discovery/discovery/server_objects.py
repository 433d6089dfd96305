"""Reads members of a card from the server object of django-mcpz or of the MCP SDK."""

from __future__ import annotations

from mcp_oauth_discovery.standards.metadata import Document


def members_of_server(path: object, setting: str, key: str) -> Document:
    """Return the members of a card that a server object has; `path` is its dotted path.

    Raises `Misconfigured`, naming the entry `key` of `setting`.
    """
    raise NotImplementedError
