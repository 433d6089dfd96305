"""Where a metadata document is: the well-known URL of an identifier."""

from __future__ import annotations

from mcp_oauth_discovery.standards.identifiers import split


def insert_well_known(identifier: str, name: str) -> str:
    """Return the URL of a metadata document (RFC 9728 §3.1, RFC 8414 §3.1).

    The name goes between the host and the path, of which a lone slash is dropped.
    """
    parts = split(identifier)
    path = "" if parts.path == "/" else parts.path
    return f"{parts.origin}/.well-known/{name}{path}{parts.query}"
