"""Whether views are protected correctly, for resources that this site has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, listed, rule
from mcp_oauth_discovery.checks.routes import authenticators, example_site, routes
from mcp_oauth_discovery.checks.site import is_pinned
from mcp_oauth_discovery.conf import conf, shown
from mcp_oauth_discovery.identity import Resource
from mcp_oauth_discovery.identity.lookup import find_named
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.protection.view_kinds import enclosed, ninja_judges, ninja_operations
from mcp_oauth_discovery.standards.identifiers import split, without_final_slash


@rule("W032")
def check_named_resources(**kwargs: Any) -> Iterator[Advice]:
    """Report a view that is protected for a resource that the settings do not have."""
    site = example_site()
    astray: dict[str, list[str]] = {}
    for route in routes():
        for name in _resource_names(route.view):
            if name is not None and _is_certain(name) and find_named(site, name) is None:
                astray.setdefault(shown(name), []).append(route.written)
    known = listed(shown(_name(one)) for one in site.resources)
    for name, written in astray.items():
        yield Advice(
            f"ROOT_URLCONF has a view at {_places(written)} that is protected for {name}. That is "
            f"no resource of this site, which has {known}: every request gets a 500.",
            "Name one of these in bearer_required() or BearerProtection(), or configure it: "
            f"MCP_RESOURCES = {{{name}: {{}}}}.",
        )


@rule("W033")
def check_unnamed_resources(**kwargs: Any) -> Iterator[Advice]:
    """Report a view that is protected for the resource at its path, where there is none."""
    site = example_site()
    if site.default_resource is not None:
        return
    own = [one.location.path for one in site.resources]
    astray = []
    for route in routes():
        path = route.path if None in _resource_names(route.view) else None
        # Not equality: a server may put a prefix before all paths that the URLconf knows.
        if path and not any(one.endswith(without_final_slash(path)) for one in own):
            astray.append(route.written)
    if astray:
        known = listed(shown(_name(one)) for one in site.resources)
        yield Advice(
            f"ROOT_URLCONF has a view at {_places(astray)} that is protected for no resource by "
            "name. None is at its path, and none is the default one: every request gets a 500.",
            f"Name one of {known} in bearer_required() or BearerProtection(), or set MCP_RESOURCE.",
        )


@rule("W038")
def check_contracts(**kwargs: Any) -> Iterator[Advice]:
    """Report refusals that a framework would take for a user, and 401s without a challenge."""
    taken = [route for route in routes() if any(map(_is_misplaced, _judges(route.view)))]
    if taken:
        yield Advice(
            f"ROOT_URLCONF has a view at {_places(one.written for one in taken)} whose "
            "authentication is a BearerProtection. The framework takes a true value for the user, "
            "and a BearerProtection returns the refusal: requests with a valid token are refused.",
            "For django-ninja, write auth=BearerAuth(BearerProtection(…)), with BearerAuth from "
            "mcp_oauth_discovery.contrib.ninja. In place of user_passes_test, write "
            "@bearer_required(…).",
        )
    bare = [route for route in routes() if _has_bare_401(route.view)]
    if bare:
        yield Advice(
            f"ROOT_URLCONF has a view at {_places(one.written for one in bare)} that has "
            "auth=BearerAuth(…), and its URLs are api.urls. Its 401 has no challenge, so clients "
            "do not begin to sign in.",
            "Write bearer_urls(api) from mcp_oauth_discovery.contrib.ninja in place of api.urls.",
        )


def _judges(view: Any) -> Iterator[Any]:
    """Yield the functions that return a true value if a request to a view has a user."""
    while view is not None:
        for operation in ninja_operations(view):
            yield from operation.auth_callbacks
        # user_passes_test() keeps its test under this name.
        yield enclosed(view).get("test_func")
        view = getattr(view, "__wrapped__", None)


def _is_misplaced(judge: Any) -> bool:
    is_authenticate = getattr(judge, "__name__", None) == "authenticate"
    return isinstance(getattr(judge, "__self__", judge), BearerProtection) and not is_authenticate


def _has_bare_401(view: Any) -> bool:
    protections = [getattr(one, "protection", None) for one in _judges(view)]
    is_ours = any(isinstance(one, BearerProtection) for one in protections)
    return is_ours and not hasattr(view, "protection")


def _resource_names(view: Any) -> list[str | None]:
    """Return the resource of each protection that a request to a view meets."""
    found = []
    while view is not None:
        # One of django-mcpz has it in `auth`.
        found += [getattr(one, "protection", None) for one in (view, *authenticators(view))]
        found.append(getattr(view, "auth", None))
        for operation in ninja_operations(view):
            found += [getattr(judge, "protection", judge) for judge in ninja_judges(operation)]
        view = getattr(view, "__wrapped__", None)
    return [one.resource for one in found if isinstance(one, BearerProtection)]


def _is_certain(name: object) -> bool:
    """Say whether the settings alone tell if there is a resource of this name."""
    if callable(conf.MCP_RESOURCE):
        return False
    if "://" in str(name):
        return is_pinned()
    # The default resource is below the path that an issuer may have.
    is_named = conf.MCP_RESOURCE is not None or bool(conf.MCP_RESOURCES)
    return is_named or not callable(conf.MCP_ISSUER)


def _name(resource: Resource) -> str:
    """Return what a project calls a resource, for its host may be that of a request."""
    default = conf.MCP_RESOURCE if isinstance(conf.MCP_RESOURCE, str) else None
    return resource.key or default or split(resource.identifier).path


def _places(written: Iterable[str]) -> str:
    return listed(repr(one) for one in dict.fromkeys(written))
