"""The admin: the list of keys, the changes of keys, and an overview of what is published."""

from __future__ import annotations

from mcp_oauth_discovery.admin.keys import SigningKeyAdmin

__all__ = ["SigningKeyAdmin"]
