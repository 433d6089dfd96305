"""What is certain about this site without a request: its documents, endpoints and resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mcp_oauth_discovery.checks.routes import example_site, match_at, path_below
from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.discovery import documents, settings
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.standards.identifiers import split
from mcp_oauth_discovery.standards.members import ENDPOINTS
from mcp_oauth_discovery.standards.metadata import Document, default_authorization_server_members
from mcp_oauth_discovery.standards.well_known import AUTHORIZATION_SERVER
from mcp_oauth_discovery.views import AuthorizationServerMetadataView

SERVER_SETTING = "MCP_AUTHORIZATION_SERVER_METADATA"
# Scopes about the client, its tokens or the person, but not about a resource.
NOT_OF_A_RESOURCE = ("offline_access", "openid")
# What to type if the issuer is not a string.
PIN = 'Write the https URL of this site: MCP_ISSUER = "https://app.example.com".'


def server_metadata(site: Site) -> Document:
    """Return the AS metadata without `jwks_uri`, or {} if another site issues the tokens.

    A site is an authorization server if one of its resources names it. Without a request, it is
    unknown whether an issuer that is not pinned is in `MCP_AUTHORIZATION_SERVERS`.
    """
    if not site.is_authorization_server or not any(
        site.issuer in documents.resource_document(site, resource)["authorization_servers"]
        for resource in site.resources
    ):
        return {}
    members = settings.read_members(SERVER_SETTING, conf.MCP_AUTHORIZATION_SERVER_METADATA, site)
    defaults = default_authorization_server_members(
        site.issuer, jwks_uri=None, signing_algorithms=[]
    )
    return {name: value for name, value in {**defaults, **members}.items() if value is not None}


def published_server_metadata(site: Site) -> Document:
    """Return the AS metadata without `jwks_uri`, if clients get it.

    Another app may answer at that path, or a view with its own document.
    """
    match = match_at(AUTHORIZATION_SERVER)
    view_class = getattr(match and match.func, "view_class", None)
    get_document = getattr(view_class, "get_document", None)
    if get_document is not AuthorizationServerMetadataView.get_document:
        return {}
    return server_metadata(site)


class Local(NamedTuple):
    """Something at a path of this site: its name, its URL, and its path in the URLconf."""

    name: str
    url: str
    path: str


def local_endpoints(site: Site) -> list[Local]:
    """Return the endpoints of the authorization server on the origin of this site."""
    endpoints = []
    for name, value in published_server_metadata(site).items():
        path = path_below(site.origin, value) if name in ENDPOINTS else None
        if path is not None:
            endpoints.append(Local(name, value, path))
    return endpoints


def local_resources(site: Site) -> Iterator[Local]:
    """Yield the MCP endpoints on the origin of this site, with the names of their settings.

    If the issuer is not pinned, any origin may be that of this site.
    """
    for resource in site.resources:
        own = split(resource.identifier).origin
        path = path_below(site.origin if is_pinned() else own, resource.identifier)
        if path is not None and resource.enabled:
            yield Local(setting_of(resource), resource.identifier, path)


class Named(NamedTuple):
    """An identifier, and the setting that has it."""

    setting: str
    value: str


def written_issuer() -> Iterator[Named]:
    """Yield the issuer of this site, if it is pinned."""
    if is_pinned():
        yield Named("MCP_ISSUER", example_site().issuer)


def written_resources() -> Iterator[Named]:
    """Yield the resources that the settings have as URLs, not as paths below the issuer."""
    for resource in example_site().resources:
        if not resource.enabled:
            continue
        if resource.identifier == conf.MCP_RESOURCE:
            yield Named("MCP_RESOURCE", resource.identifier)
        elif resource.identifier == resource.key:
            yield Named(setting_of(resource), resource.identifier)


def is_pinned() -> bool:
    return isinstance(conf.MCP_ISSUER, str)


def setting_of(resource: Resource) -> str:
    """Return the setting that names a resource."""
    return "MCP_RESOURCE" if resource.key is None else f"MCP_RESOURCES[{resource.key!r}]"


def setting_with(resource: Resource, member: str) -> str:
    """Return the setting that a member of the metadata of a resource comes from."""
    return setting_of(resource) if member in resource.members else "MCP_RESOURCE_METADATA"


def name_of(resource: Resource) -> str:
    """Return the name of a resource in the settings, because its host may be that of a request."""
    default = conf.MCP_RESOURCE if isinstance(conf.MCP_RESOURCE, str) else None
    return resource.key or default or split(resource.identifier).path
