"""The paths of the documents (RFC 8615), and the metadata URL of an identifier."""

from __future__ import annotations

from mcp_oauth_discovery.standards.identifiers import WELL_KNOWN, split

PROTECTED_RESOURCE = f"{WELL_KNOWN}oauth-protected-resource"
AUTHORIZATION_SERVER = f"{WELL_KNOWN}oauth-authorization-server"
# RFC 7517 fixes no path. Clients read the URL from `jwks_uri`.
JWKS = f"{WELL_KNOWN}jwks.json"


def insert_well_known(identifier: str, path: str) -> str:
    """Return the URL of a metadata document (RFC 9728 §3.1, RFC 8414 §3.1).

    `path` goes between the host and the path of the identifier. A path of `/` is dropped.
    """
    parts = split(identifier)
    own = "" if parts.path == "/" else parts.path
    return f"{parts.origin}{path}{own}{parts.query}"
