"""Scopes that protected views ask for, and the documents that must agree with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from mcp_oauth_discovery.checks.guards import Demand, Guard, demands, guards
from mcp_oauth_discovery.checks.registry import Advice, about, listed, places, rule
from mcp_oauth_discovery.checks.routes import example_site, routes
from mcp_oauth_discovery.checks.site import (
    NOT_OF_A_RESOURCE,
    SERVER_SETTING,
    name_of,
    published_server_metadata,
    setting_with,
)
from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.protection.implied import with_implied

Scopes = tuple[str, ...]


@rule("W041", deploy=True)
def check_scopes_are_named(**kwargs: Any) -> Iterator[Advice]:
    """Report a view whose 401 names no scope, although MCP 2026-07-28 recommends it."""
    bare = [route.written for route in routes() if _names_no_scope(guards(route.view))]
    if bare:
        yield Advice(
            f"ROOT_URLCONF has a view at {places(bare)} that is protected without a scope. Its "
            "401 does not say what clients must request, which MCP 2026-07-28 recommends. The "
            "view accepts every valid token for its resource, whatever scope the token has.",
            'Write scope="mcp", or another scope, in bearer_required() or BearerProtection(). In '
            "Django REST framework, required_scope of the view does the same.",
        )


def _names_no_scope(around: list[Guard]) -> bool:
    # With a callable, perhaps no operation needs a token.
    is_public = any(callable(guard.protection.public) for guard in around)
    return bool(around) and not is_public and all(guard.scopes == () for guard in around)


@rule("W042")
def check_scopes_of_views_are_offered(**kwargs: Any) -> Iterator[Advice]:
    """Report a view that asks for scopes which the authorization server does not offer."""
    site = example_site()
    offered: list[str] = list(published_server_metadata(site).get("scopes_supported", ()))
    missing: dict[str, list[str]] = defaultdict(list)
    # A server that lists no scopes may support any.
    for demand in demands(site) if offered else ():
        for scope in _not_offered(site, demand, with_implied(offered)):
            missing[scope].append(demand.written)
    if missing:
        yield about(
            f"{SERVER_SETTING}['scopes_supported']",
            offered,
            f"it lacks {listed(missing)}. The protected view at "
            f"{places(route for written in missing.values() for route in written)} asks for that. "
            "Clients request the scopes of the challenge, and the server answers invalid_scope",
            f'Write "scopes_supported": {[*offered, *missing]!r} there, or change the scope of '
            "the view.",
        )


def _not_offered(site: Site, demand: Demand, offered: Collection[str]) -> list[str]:
    """Return the scopes of a view that are missing, if this site issues the tokens for it."""
    if demand.resource is None or not demand.resource.enabled:
        return []
    document = documents.resource_document(site, demand.resource)
    if site.issuer not in document["authorization_servers"]:
        return []
    # W022 reports the scopes in the document.
    others = document.get("scopes_supported", ())
    return [scope for scope in demand.scopes or () if scope not in (*offered, *others)]


@rule("W043", deploy=True)
def check_scopes_of_resources_are_minimal(**kwargs: Any) -> Iterator[Advice]:
    """Report scopes in the metadata of a resource that no view of the resource asks for."""
    site = example_site()
    views = list(demands(site))
    names: dict[tuple[str, Scopes, Scopes], list[str]] = defaultdict(list)
    for resource in site.resources:
        asked = _asked(views, resource)
        if asked and resource.enabled:
            document = documents.resource_document(site, resource)
            supported: Scopes = tuple(document.get("scopes_supported", ()))
            key = (setting_with(resource, "scopes_supported"), supported, _unused(supported, asked))
            names[key].append(shown(name_of(resource)))
    for (setting, supported, unused), resources in names.items():
        if unused:
            kept = [scope for scope in supported if scope not in unused]
            yield about(
                f"{setting}['scopes_supported']",
                list(supported),
                f"no protected view of {listed(resources)} asks for {listed(unused)}. A client "
                "that has no scope from a challenge requests the whole list, so users grant more "
                "than the views need",
                f"Write {kept!r}, or the scopes that the views ask for. If a view checks "
                f"{listed(unused)} in its own code, silence this check.",
            )


def _asked(views: Iterable[Demand], resource: Resource) -> set[str]:
    """Return the scopes that the views of a resource ask for, or nothing if not all are known."""
    # A view whose resource is unknown may be one of this resource.
    own = [view for view in views if view.resource in (None, resource)]
    if all(view.resource is None for view in own) or any(view.scopes is None for view in own):
        return set()
    return {scope for view in own for scope in view.scopes or ()}


def _unused(supported: Scopes, asked: set[str]) -> Scopes:
    # A scope may stand in the list in place of one that it implies.
    replaced = asked.difference(supported)
    return tuple(
        scope
        for scope in supported
        if scope not in (*asked, *NOT_OF_A_RESOURCE) and not replaced & with_implied([scope])
    )
