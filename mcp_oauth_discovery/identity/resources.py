"""A protected resource of this site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_oauth_discovery.standards.identifiers import Location, locate


@dataclass(frozen=True)
class Resource:
    """A protected resource: its identifier, and the PRM members that only this resource has.

    `key` is its key in `MCP_RESOURCES`, if it is there.
    """

    identifier: str
    members: Mapping[str, Any]
    enabled: bool = True
    key: str | None = None

    @property
    def location(self) -> Location:
        return locate(self.identifier)
