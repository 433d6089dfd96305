"""JWTs with this site's keys: `sign_jwt` for token endpoints, `verify_jwt` for MCP endpoints."""

from __future__ import annotations

from mcp_oauth_discovery.signing.refusals import InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.signing.sign import NoSigningKey, sign_jwt
from mcp_oauth_discovery.signing.verify import verify_jwt

__all__ = ["InvalidToken", "NoSigningKey", "NotMine", "Unavailable", "sign_jwt", "verify_jwt"]
