"""What the metadata of a resource says about its views, which this layer cannot read."""

from __future__ import annotations

from collections.abc import Callable

from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.standards.metadata import Document

Announcement = Callable[[Site, Resource], Document]


# A function of a higher layer, because this layer must not import the protections.
_announcement: Announcement | None = None


def announce_by(announcement: Announcement) -> None:
    """Let a function return the members that the views of a resource announce.

    It takes the site and the resource. The app sets it when Django starts.
    """
    global _announcement
    _announcement = announcement


def announced_members(site: Site, resource: Resource) -> Document:
    """Return the members of the PRM that come from the views of a resource, not from settings."""
    return _announcement(site, resource) if _announcement else {}
