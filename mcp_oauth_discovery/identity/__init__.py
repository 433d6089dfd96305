"""Internal: the identifiers and resources of this site, as one request sees them."""

from __future__ import annotations

from mcp_oauth_discovery.identity.index import EXAMPLE_ORIGIN
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.identity.site import (
    EXAMPLE_PATHS,
    Site,
    UnusableRequest,
    pinned_issuer,
)

__all__ = [
    "EXAMPLE_ORIGIN",
    "EXAMPLE_PATHS",
    "Resource",
    "Site",
    "UnusableRequest",
    "pinned_issuer",
]
