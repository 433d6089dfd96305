"""The resources of a site, by their identifiers."""

from __future__ import annotations

from mcp_oauth_discovery.identity.lookup import find_at


def identifiers(site):
    """Return the identifiers of all resources of a site."""
    return [resource.identifier for resource in site.resources]


def find(site, path, query=""):
    """Return the identifier of the resource at a path, or None."""
    resource = find_at(site, path, query)
    return resource and resource.identifier
