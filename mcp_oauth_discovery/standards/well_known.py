"""The paths of the documents (RFC 8615), and the metadata URL of an identifier."""

from __future__ import annotations

from mcp_oauth_discovery.standards.identifiers import WELL_KNOWN, split, without_final_slash

PROTECTED_RESOURCE = f"{WELL_KNOWN}oauth-protected-resource"
AUTHORIZATION_SERVER = f"{WELL_KNOWN}oauth-authorization-server"
# OpenID Connect Discovery 1.0 §4. Providers serve it as metadata of their authorization server.
OPENID_CONFIGURATION = f"{WELL_KNOWN}openid-configuration"
# RFC 7517 fixes no path. Clients read the URL from `jwks_uri`.
JWKS = f"{WELL_KNOWN}jwks.json"


def insert_well_known(identifier: str, path: str) -> str:
    """Return the URL of a metadata document (RFC 9728 §3.1, RFC 8414 §3.1).

    `path` goes between the host and the path of the identifier. A path of `/` is dropped.
    """
    parts = split(identifier)
    own = "" if parts.path == "/" else parts.path
    return f"{parts.origin}{path}{own}{parts.query}"


def append_well_known(identifier: str, path: str) -> str:
    """Return the URL of a metadata document in the style of OpenID: after the whole identifier."""
    return f"{without_final_slash(identifier)}{path}"


def server_metadata_urls(issuer: str) -> list[str]:
    """Return where MCP clients look for the metadata of an issuer, in their order."""
    bare = without_final_slash(issuer)
    inserted = [
        insert_well_known(bare, path) for path in (AUTHORIZATION_SERVER, OPENID_CONFIGURATION)
    ]
    appended = append_well_known(issuer, OPENID_CONFIGURATION)
    return inserted if appended in inserted else [*inserted, appended]
