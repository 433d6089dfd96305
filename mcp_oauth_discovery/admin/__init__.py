"""The admin: the key store, what is done to it, and an overview of all that is published."""

from __future__ import annotations

from mcp_oauth_discovery.admin.keys import SigningKeyAdmin

__all__ = ["SigningKeyAdmin"]
