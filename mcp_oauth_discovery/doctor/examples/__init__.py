"""Internal: a broken answer and a right one for each code, for the endpoint /mcp of a site."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples import (
    cards,
    connection,
    endpoint,
    keys,
    metadata,
    pages,
    tokens,
)
from mcp_oauth_discovery.doctor.examples.example import Example

EXAMPLES: dict[str, Example] = {
    **connection.REACH,
    **connection.ANSWERS,
    **connection.DOCUMENTS,
    **endpoint.ENDPOINT,
    **endpoint.CHALLENGE,
    **tokens.TOKENS,
    **metadata.PROTECTED_RESOURCE,
    **metadata.AUTHORIZATION_SERVER,
    **endpoint.OAUTH_ENDPOINTS,
    **keys.JWKS,
    **keys.SIGNED,
    **pages.CORS,
    **pages.CACHING,
    **pages.HOSTS,
    **pages.SUFFIXES,
    **cards.SERVER_CARDS,
    **pages.LOAD,
    **pages.CHECK,
}
