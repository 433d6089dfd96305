"""JWTs by this site's keys: `sign_jwt` for a token endpoint, `verify_jwt` for an MCP endpoint."""

from __future__ import annotations

from mcp_oauth_discovery.signing.sign import NoSigningKey, sign_jwt
from mcp_oauth_discovery.signing.verify import InvalidToken, verify_jwt

__all__ = ["InvalidToken", "NoSigningKey", "sign_jwt", "verify_jwt"]
