"""Where clients look for the documents, in their order."""

from __future__ import annotations

from enum import Enum

from mcp_oauth_discovery.standards import well_known
from mcp_oauth_discovery.standards.identifiers import origin, split, without_final_slash

PRM = well_known.PROTECTED_RESOURCE
OAUTH = well_known.AUTHORIZATION_SERVER


class Role(str, Enum):
    """Why a client tries an address."""

    # The challenge names it.
    CHALLENGE = "challenge"
    # It is the well-known URL with the path, with the path without its final slash, or at the root.
    PATH = "path"
    STRIPPED = "stripped"
    ROOT = "root"
    # The well-known path is inserted before that of the issuer, or appended to it.
    OAUTH = "oauth"
    OPENID = "openid"
    OPENID_APPENDED = "openid-appended"
    JWKS = "jwks_uri"


def sendable(url: str) -> str:
    """Return a URL with its host unescaped, as browsers send it."""
    authority = url.partition("://")[2].partition("/")[0]
    read = origin(url) if "%" in authority else ""
    return read + url[len(split(url).origin) :] if read else url


def resource_addresses(endpoint: str, named: str | None = None) -> list[tuple[Role, str]]:
    """Return the addresses of the PRM of an endpoint; its challenge may name one, `named`.

    A final slash of the path is kept, as the Python and Go SDKs do; the TypeScript SDK drops it.
    """
    origin, path, query, _ = split(endpoint)
    places = [(Role.CHALLENGE, named)] if named else []
    if path not in ("", "/"):
        places.append((Role.PATH, f"{origin}{PRM}{path}{query}"))
        if path.endswith("/"):
            places.append((Role.STRIPPED, f"{origin}{PRM}{without_final_slash(path)}{query}"))
        query = ""
    return [*places, (Role.ROOT, f"{origin}{PRM}{query}")]


def last_address(issuer: str) -> str | None:
    """Return the last address that the Rust SDK alone tries for an issuer with a path."""
    origin, path, _, _ = split(issuer)
    return f"{origin}{OAUTH}" if without_final_slash(path) else None


def server_addresses(issuer: str) -> list[tuple[Role, str]]:
    """Return the addresses of the metadata of an issuer (MCP authorization, RFC 8414 §3.1)."""
    roles = (Role.OAUTH, Role.OPENID, Role.OPENID_APPENDED)
    # An issuer without a path has the first two.
    return list(zip(roles, well_known.server_metadata_urls(issuer), strict=False))
