"""Whether this site answers where its documents send clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, listed, rule
from mcp_oauth_discovery.checks.routes import (
    authenticators,
    example_site,
    view_at,
    with_other_slash,
)
from mcp_oauth_discovery.checks.site import (
    SERVER_SETTING,
    local_endpoints,
    local_resources,
)
from mcp_oauth_discovery.conf import conf, default_language
from mcp_oauth_discovery.protection import BearerProtection


@rule("W017")
def check_endpoints_are_routed(**kwargs: Any) -> Iterator[Advice]:
    """Report endpoints on this site without a route in its URLconf."""
    unrouted = [local for local in local_endpoints(example_site()) if view_at(local.path) is None]
    missing = [local for local in unrouted if view_at(with_other_slash(local.path)) is None]
    if missing:
        configured = conf.MCP_AUTHORIZATION_SERVER_METADATA
        reason = "says so"
        if not any(local.name in configured for local in missing):
            reason = "does not say where they are, so these are the defaults"
        members = ", ".join(f'"{name}": "{_toolkit_pattern(name)}"' for name, _, _ in missing)
        yield Advice(
            f"Clients are sent to {listed(f'{local.path} ({local.name})' for local in missing)}, "
            f"and ROOT_URLCONF has no route there: they get a 404. {SERVER_SETTING} {reason}.",
            "If the authorization server is on this site, give the names of its URL patterns: "
            f"{SERVER_SETTING} = {{{members}}}. If another site issues the tokens: "
            'MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"].',
        )
    for name, _, path in unrouted:
        other = with_other_slash(path)
        if view_at(other) is not None:
            yield Advice(
                f"{SERVER_SETTING}[{name!r}] is at {path!r}, and ROOT_URLCONF has a route "
                f"for {other!r} only. MCP clients do not follow a redirect there.",
                f'Write "{name}": "{other}", or the name of the pattern.',
            )


def _toolkit_pattern(endpoint: str) -> str:
    """Return the name of the URL pattern in django-oauth-toolkit, which most projects use."""
    names = {
        "authorization_endpoint": "authorize",
        "introspection_endpoint": "introspect",
        "registration_endpoint": "dcr-register",
        "revocation_endpoint": "revoke-token",
    }
    return f"oauth2_provider:{names.get(endpoint, endpoint.removesuffix('_endpoint'))}"


@rule("W026")
def check_slash_of_the_mcp_endpoint(**kwargs: Any) -> Iterator[Advice]:
    """Report an MCP endpoint whose route differs in the final slash."""
    for setting, _, path in local_resources(example_site()):
        other = with_other_slash(path)
        if view_at(path) is None and view_at(other):
            yield Advice(
                f"{setting} names an MCP endpoint at {path!r}, and ROOT_URLCONF has a route for "
                f"{other!r} only. Clients get a redirect, which they do not follow, or a 404.",
                f"Change the route to {path[1:]!r}, or name the endpoint as it is: {other!r}.",
            )


@rule("W027")
def check_language_of_the_mcp_endpoint(**kwargs: Any) -> Iterator[Advice]:
    """Report an MCP endpoint whose URL changes with the language of the visitor."""
    language = f"/{default_language()}"
    for setting, _, path in local_resources(example_site()):
        nearby = [at for at in (path, with_other_slash(path)) if view_at(at, below=language)]
        if nearby and view_at(path) is None:
            yield Advice(
                f"{setting} names an MCP endpoint at {path!r}, and ROOT_URLCONF has it inside "
                f"i18n_patterns, at {language + nearby[0]!r}. Clients do not follow a redirect "
                "there.",
                "Move the route out of i18n_patterns() into urlpatterns.",
            )


@rule("W028")
def check_rest_framework_challenges(**kwargs: Any) -> Iterator[Advice]:
    """Report an endpoint of Django REST framework that answers 403 where clients expect a 401."""
    for setting, _, path in local_resources(example_site()):
        view = view_at(path)
        first = next(iter(authenticators(view)), None)
        if first is not None and not _challenges(first):
            yield Advice(
                f"{setting} names an MCP endpoint at {path!r}, whose authentication_classes begin "
                f"with {first.__name__}. That class has no WWW-Authenticate header, so Django REST "
                "framework answers 403 instead of 401, and no client starts to sign in.",
                "Put a class for bearer tokens first, in authentication_classes of "
                f"{view.__name__} or in REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES'].",
            )


@rule("W034")
def check_our_rest_framework_challenges(**kwargs: Any) -> Iterator[Advice]:
    """Report an endpoint of Django REST framework whose challenge is not from our class."""
    for setting, _, path in local_resources(example_site()):
        classes = authenticators(view_at(path))
        ours = [
            authenticator
            for authenticator in classes
            if isinstance(getattr(authenticator, "protection", None), BearerProtection)
        ]
        if ours and ours[0] is not classes[0] and _challenges(classes[0]):
            yield Advice(
                f"{setting} names an MCP endpoint at {path!r}, whose authentication_classes begin "
                f"with {classes[0].__name__}. Django REST framework sends the challenge of the "
                "first class only, and that challenge does not say where the metadata is.",
                f"Put {ours[0].__name__} first.",
            )


def _challenges(authenticator: type) -> bool:
    # Compare names: Django REST framework may not be installed.
    method = getattr(authenticator, "authenticate_header", None)
    name = f"{getattr(method, '__module__', '')}.{getattr(method, '__qualname__', '')}"
    return name != "rest_framework.authentication.BaseAuthentication.authenticate_header"
