"""Protects MCP endpoints: a callable, a decorator and a mixin that send the challenges."""

from __future__ import annotations

from mcp_oauth_discovery.protection.bearer import BearerProtection
from mcp_oauth_discovery.protection.decorators import (
    BearerRequiredMixin,
    bearer_required,
    complete,
    protect,
)
from mcp_oauth_discovery.protection.tokens import (
    BearerRequest,
    Claims,
    find_user,
    granted_scope,
    verify_token,
)

__all__ = [
    "BearerProtection",
    "BearerRequest",
    "BearerRequiredMixin",
    "Claims",
    "bearer_required",
    "complete",
    "find_user",
    "granted_scope",
    "protect",
    "verify_token",
]
