"""Protects MCP endpoints: a callable, a decorator and a mixin that send the challenges."""

from __future__ import annotations

from mcp_oauth_discovery.protection.bearer import BearerProtection
from mcp_oauth_discovery.protection.decorators import (
    BearerRequiredMixin,
    bearer_required,
    complete,
    protect,
)
from mcp_oauth_discovery.protection.dpop import InvalidProof, NonceRequired, Proof, verify_proof
from mcp_oauth_discovery.protection.operations import Operation
from mcp_oauth_discovery.protection.scopes import scope_by_tool
from mcp_oauth_discovery.protection.tokens import (
    BearerRequest,
    Claims,
    find_user,
    granted_scope,
    verify_token,
)
from mcp_oauth_discovery.protection.verification import Verifier
from mcp_oauth_discovery.signing import InvalidToken, NotMine, Unavailable

__all__ = [
    "BearerProtection",
    "BearerRequest",
    "BearerRequiredMixin",
    "Claims",
    "InvalidProof",
    "InvalidToken",
    "NonceRequired",
    "NotMine",
    "Operation",
    "Proof",
    "Unavailable",
    "Verifier",
    "bearer_required",
    "complete",
    "find_user",
    "granted_scope",
    "protect",
    "scope_by_tool",
    "verify_proof",
    "verify_token",
]
