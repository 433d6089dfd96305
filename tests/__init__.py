"""The tests of mcp_oauth_discovery; `conftest.py` tells how they ask for the documents."""

from __future__ import annotations

ORIGIN = "https://app.example.com"

# The three documents: protected resource, authorization server, keys.
PRM = "/.well-known/oauth-protected-resource"
ASM = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"

# The server card of the default resource, and the catalogue of all cards.
CARD = "/mcp/server-card"
CATALOG = "/.well-known/ai-catalog.json"
