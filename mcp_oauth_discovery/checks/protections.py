"""Views that are protected incorrectly, or for resources that this site does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.checks.guards import guards, is_certain
from mcp_oauth_discovery.checks.registry import Advice, listed, places, rule
from mcp_oauth_discovery.checks.routes import example_site, routes
from mcp_oauth_discovery.checks.site import name_of
from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.identity.lookup import find_named
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.protection.view_kinds import enclosed, ninja_operations
from mcp_oauth_discovery.standards.identifiers import without_final_slash


@rule("W032")
def check_named_resources(**kwargs: Any) -> Iterator[Advice]:
    """Report a view that is protected for a resource that the settings do not have."""
    site = example_site()
    routes_by_name: dict[str, list[str]] = {}
    for route in routes():
        for name in _resource_names(route.view):
            if name is not None and is_certain(name) and find_named(site, name) is None:
                routes_by_name.setdefault(shown(name), []).append(route.written)
    known = listed(shown(name_of(resource)) for resource in site.resources)
    for name, written in routes_by_name.items():
        yield Advice(
            f"ROOT_URLCONF has a view at {places(written)} that is protected for {name}. This "
            f"site does not have that resource, only {known}: every request gets a 500.",
            "Name one of these in bearer_required() or BearerProtection(), or configure it: "
            f"MCP_RESOURCES = {{{name}: {{}}}}.",
        )


@rule("W033")
def check_unnamed_resources(**kwargs: Any) -> Iterator[Advice]:
    """Report a view that is protected for the resource at its path, if there is none."""
    site = example_site()
    if site.default_resource is not None:
        return
    own_paths = [resource.location.path for resource in site.resources]
    unknown = []
    for route in routes():
        path = route.path if None in _resource_names(route.view) else None
        # Not equality: a server may put a prefix before the paths of the URLconf.
        if path and not any(own.endswith(without_final_slash(path)) for own in own_paths):
            unknown.append(route.written)
    if unknown:
        known = listed(shown(name_of(resource)) for resource in site.resources)
        yield Advice(
            f"ROOT_URLCONF has a view at {places(unknown)} whose protection names no resource. "
            "No resource is at its path, and there is no default one: every request gets a 500.",
            f"Name one of {known} in bearer_required() or BearerProtection(), or set MCP_RESOURCE.",
        )


@rule("W038")
def check_contracts(**kwargs: Any) -> Iterator[Advice]:
    """Report refusals that a framework mistakes for a user, and 401s without a challenge."""
    misplaced = [
        route.written for route in routes() if any(map(_is_misplaced, _judges(route.view)))
    ]
    if misplaced:
        yield Advice(
            f"ROOT_URLCONF has a view at {places(misplaced)} whose authentication is a "
            "BearerProtection. The framework expects the user, and a BearerProtection returns a "
            "refusal, or None for a valid token: requests with a valid token are refused.",
            "For django-ninja, write auth=BearerAuth(BearerProtection(…)), with BearerAuth from "
            "mcp_oauth_discovery.contrib.ninja. In place of user_passes_test, write "
            "@bearer_required(…).",
        )
    bare = [route.written for route in routes() if _has_bare_401(route.view)]
    if bare:
        yield Advice(
            f"ROOT_URLCONF has a view at {places(bare)} that has auth=BearerAuth(…), and its "
            "URLs are api.urls. Its 401 has no challenge, so clients do not start to sign in.",
            "Write bearer_urls(api) from mcp_oauth_discovery.contrib.ninja in place of api.urls.",
        )


def _judges(view: Any) -> Iterator[Any]:
    """Yield the functions of a view that return a true value for a request with a user."""
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
    protections = [getattr(judge, "protection", None) for judge in _judges(view)]
    is_ours = any(isinstance(protection, BearerProtection) for protection in protections)
    return is_ours and not hasattr(view, "protection")


def _resource_names(view: Any) -> list[str | None]:
    """Return the resource of each protection around a view."""
    return [guard.protection.resource for guard in guards(view)]
