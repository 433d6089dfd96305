"""What the views of a resource do with DPoP, which its metadata announces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.urls import get_resolver

from mcp_oauth_discovery.checks.guards import Guard, guards
from mcp_oauth_discovery.checks.routes import Route, has_urlconf, match_at, routes, urlconfs
from mcp_oauth_discovery.conf import Misconfigured, fixed_script_prefix
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.lookup import find_all_at, find_named
from mcp_oauth_discovery.protection.dpop import PROOF_ALGORITHMS
from mcp_oauth_discovery.standards.identifiers import without_final_slash
from mcp_oauth_discovery.standards.metadata import Document

ALGORITHMS = "dpop_signing_alg_values_supported"
REQUIRED = "dpop_bound_access_tokens_required"


@dataclass(frozen=True)
class Entrance:
    """A protection in the URLconf: its view, the resource that it names, and its `dpop`."""

    route: Route
    name: str | None
    dpop: str | None

    @cached_property
    def path(self) -> str | None:
        """The path of the view, or None if it varies. The URLconf is searched for it only once."""
        return self.route.path


class Entrances(NamedTuple):
    """The protections of all views, and whether one of them has `dpop`."""

    entrances: tuple[Entrance, ...]
    have_dpop: bool


def entrances() -> Entrances:
    """Return the protections of all views.

    The URLconf is read once per process, and again if another one replaces it.
    """
    if not has_urlconf():
        return Entrances((), have_dpop=False)
    return _entrances(tuple(get_resolver(urlconf) for urlconf in urlconfs()))


# A test may change the URLconf and then change it back.
@lru_cache(maxsize=2)
def _entrances(resolvers: tuple[Any, ...]) -> Entrances:
    """Read the URLconfs of these resolvers, which are the present ones."""
    found = tuple(
        Entrance(route, guard.protection.resource, _dpop_of(guard))
        for route in routes()
        for guard in guards(route.view)
    )
    return Entrances(found, any(entrance.dpop for entrance in found))


def _dpop_of(guard: Guard) -> str | None:
    # If another authentication class verifies the tokens, nothing verifies proofs.
    return guard.protection.dpop if guard.verifies else None


class Uses(NamedTuple):
    """The protections of one resource, and those that only a request assigns to a resource."""

    certain: list[Entrance]
    possible: list[Entrance]

    @property
    def have_dpop(self) -> bool:
        return any(entrance.dpop for entrance in self.certain)

    @property
    def require_dpop(self) -> bool:
        """Whether no view of the resource can take Bearer tokens."""
        return bool(self.certain) and all(
            entrance.dpop == "require" for entrance in (*self.certain, *self.possible)
        )


def uses_of(site: Site, resource: Resource) -> Uses:
    """Return the protections of a resource."""
    uses = Uses([], [])
    known = entrances().entrances
    # Search the URLconf for the resource only if a route has a part that varies.
    varies = any(entrance.name is None and entrance.path is None for entrance in known)
    views = list(_views_at(resource)) if varies else []
    for entrance in known:
        is_of_it = _is_of(site, entrance, resource, views)
        if is_of_it is not False:
            (uses.certain if is_of_it else uses.possible).append(entrance)
    return uses


def announced_members(site: Site, resource: Resource) -> Document:
    """Return the members of the PRM about DPoP (RFC 9728 §2), by what the views do."""
    # Without DPoP, a document costs no lookup.
    if not entrances().have_dpop:
        return {}
    uses = uses_of(site, resource)
    if not uses.have_dpop:
        return {}
    members: Document = {ALGORITHMS: list(PROOF_ALGORITHMS)}
    return {**members, REQUIRED: True} if uses.require_dpop else members


def _is_of(site: Site, entrance: Entrance, resource: Resource, views: list[Any]) -> bool | None:
    """Return whether a protection is that of a resource, or None if only a request decides."""
    try:
        if entrance.name is not None:
            named = find_named(site, entrance.name)
            return named is not None and named.identifier == resource.identifier
        if entrance.path is None:
            return True if entrance.route.view in views else None
        path = fixed_script_prefix()[:-1] + without_final_slash(entrance.path)
        matches = find_all_at(site, path)
        default = site.default_resource
    except Misconfigured:
        # The fault is in another resource, and the document of that one reports it.
        return None
    if not matches:
        return default is not None and default.identifier == resource.identifier
    return any(match.identifier == resource.identifier for match in matches)


def _views_at(resource: Resource) -> Iterator[Any]:
    """Yield the view at the path of a resource, also if its route has a part that varies."""
    path, prefix = resource.location.path, fixed_script_prefix()
    if path.startswith(prefix):
        own = without_final_slash(path[len(prefix) - 1 :])
        for known in urlconfs():
            for spelling in (own, f"{own}/"):
                match = match_at(spelling, known)
                if match is not None:
                    yield match.func
