"""The protections around a view: their resources and scopes, as far as these need no request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_oauth_discovery.challenge.headers import checked_scope
from mcp_oauth_discovery.checks.routes import Route, authenticators, routes
from mcp_oauth_discovery.checks.site import is_pinned
from mcp_oauth_discovery.conf import conf, fixed_script_prefix
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.lookup import find_all_at, find_named
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.protection.view_kinds import ninja_judges, ninja_operations
from mcp_oauth_discovery.standards.identifiers import without_final_slash

_UNKNOWN: Any = object()


class Guard(NamedTuple):
    """A protection around a view, and all scopes that it may ask for.

    The scopes are None if only a request decides. `scope` is what the project wrote: scopes, or a
    callable. `verifies` is False if another authentication class verifies the tokens.
    """

    protection: BearerProtection
    scopes: tuple[str, ...] | None
    scope: Any
    verifies: bool = True


def guards(view: Any) -> list[Guard]:
    """Return the protections around a view, the outer ones first."""
    return [
        Guard(protection, _listed(scope), scope, verifies)
        for protection, scope, verifies in _candidates(view)
        if isinstance(protection, BearerProtection)
    ]


def _candidates(view: Any) -> Iterator[tuple[Any, Any, bool]]:
    """Yield everything around a view that may be a protection, as the members of a `Guard`."""
    while view is not None:
        # A server of django-mcpz has the protection in `auth`.
        owners = [getattr(view, "protection", None), getattr(view, "auth", None)]
        for operation in ninja_operations(view):
            owners += [getattr(judge, "protection", judge) for judge in ninja_judges(operation)]
        for protection in owners:
            yield protection, getattr(protection, "scope", ()), True
        for authenticator in authenticators(view):
            protection = getattr(authenticator, "protection", None)
            scope = _scope_in_rest_framework(view, authenticator, protection)
            yield protection, scope, _is_named(authenticator, "BearerAuthentication.authenticate")
        view = getattr(view, "__wrapped__", None)


def _scope_in_rest_framework(view: Any, authenticator: type, protection: Any) -> Any:
    """Return what `BearerChallengeMixin.needed_scope` returns, unless a project replaces it."""
    if not _is_named(authenticator, "BearerChallengeMixin.needed_scope"):
        return _UNKNOWN
    given = getattr(view, "initkwargs", None) or {}
    own = getattr(protection, "scope", ())
    return given.get("required_scope", getattr(getattr(view, "cls", None), "required_scope", own))


def _is_named(authenticator: type, expected: str) -> bool:
    # Compare names: Django REST framework may not be installed.
    method = getattr(authenticator, expected.rpartition(".")[2], None)
    return getattr(method, "__qualname__", "") == expected


def _listed(scope: Any) -> tuple[str, ...] | None:
    """Return the scopes that a scope stands for; a callable may list them in `scopes`."""
    try:
        return checked_scope(getattr(scope, "scopes", _UNKNOWN) if callable(scope) else scope)
    except ValueError:
        # Such as a property of a view, which has another value for each request.
        return None


class Demand(NamedTuple):
    """A protected view in the URLconf; its resource is None if only a request decides."""

    written: str
    resource: Resource | None
    scopes: tuple[str, ...] | None


def demands(site: Site) -> Iterator[Demand]:
    """Yield what the views of the URLconfs ask of a token."""
    for route in routes():
        for guard in guards(route.view):
            resource = _resource_of(site, route, guard.protection.resource)
            yield Demand(route.written, resource, guard.scopes)


def _resource_of(site: Site, route: Route, name: str | None) -> Resource | None:
    if name is not None:
        resource = find_named(site, name)
        is_known = resource is not None and (resource.key == name or is_certain(name))
        return resource if is_known else None
    if route.path is None or callable(conf.MCP_RESOURCE):
        return None
    path = fixed_script_prefix()[:-1] + without_final_slash(route.path)
    matches = find_all_at(site, path)
    if not matches:
        return site.default_resource
    # Where several resources share a path, the host of the request decides.
    return matches[0] if len(matches) == 1 else None


def is_certain(name: object) -> bool:
    """Return whether the settings, without a request, decide if a resource has this name."""
    if callable(conf.MCP_RESOURCE):
        return False
    if "://" in str(name):
        return is_pinned()
    # The default resource is below the path that an issuer may have.
    is_named = conf.MCP_RESOURCE is not None or bool(conf.MCP_RESOURCES)
    return is_named or not callable(conf.MCP_ISSUER)
