"""The tests of mcp_oauth_discovery; `conftest.py` tells how they ask for the documents."""

from __future__ import annotations

ORIGIN = "https://app.example.com"

# The three documents: protected resource, authorization server, keys.
PRM = "/.well-known/oauth-protected-resource"
ASM = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
