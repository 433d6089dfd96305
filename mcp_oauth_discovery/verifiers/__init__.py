"""Verifiers for tokens that this site has not signed; each instance is a value for `verify`."""

from __future__ import annotations

from mcp_oauth_discovery.verifiers.api_keys import ApiKey
from mcp_oauth_discovery.verifiers.introspection import Introspection
from mcp_oauth_discovery.verifiers.remote_issuers import RemoteIssuer

__all__ = ["ApiKey", "Introspection", "RemoteIssuer"]
