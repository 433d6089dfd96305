"""Middleware that keeps clients from what they request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from corsheaders.defaults import default_headers
from corsheaders.signals import check_request_enabled

from mcp_oauth_discovery.checks.registry import Advice, listed, rule
from mcp_oauth_discovery.checks.routes import example_site, places_in_middleware, view_at
from mcp_oauth_discovery.checks.site import (
    local_endpoints,
    local_resources,
    written_issuer,
    written_resources,
)
from mcp_oauth_discovery.checks.urls import discovery_paths
from mcp_oauth_discovery.conf import project_setting
from mcp_oauth_discovery.standards.identifiers import split

DISCOVERY = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
_CORS = "corsheaders.middleware.CorsMiddleware"
_COMMON = "django.middleware.common.CommonMiddleware"
_LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"

# People open these in a browser, and may have to log in.
_FOR_PEOPLE = {"authorization_endpoint", "end_session_endpoint", "check_session_iframe"}


@rule("W023")
def check_preflights(**kwargs: Any) -> Iterator[Advice]:
    """Report a CORS policy that refuses the preflights of our URLs before they reach us."""
    cors, ours = places_in_middleware(_CORS), places_in_middleware(DISCOVERY)
    if not cors or (ours and ours[0] < cors[0]):
        return
    refused = _refused_by_cors()
    pattern = project_setting("CORS_URLS_REGEX", r"^.*$")
    if refused and any(re.match(pattern, path) for path in discovery_paths()):
        where = "is below it" if ours else "is not there"
        installed: Sequence[str] = project_setting("MIDDLEWARE", [])
        yield Advice(
            f"MIDDLEWARE has {installed[cors[0]]}, and DiscoveryMiddleware {where}: preflights of "
            f"the discovery URLs go to django-cors-headers, which refuses {refused}. MCP clients "
            "in a browser cannot read the documents.",
            f'Put "{DISCOVERY}" first in MIDDLEWARE.',
        )


def _refused_by_cors() -> str:
    """Return what the settings of django-cors-headers refuse, or an empty text."""
    if check_request_enabled.has_listeners():
        # A receiver decides on each request.
        return ""
    allows_all = project_setting("CORS_ORIGIN_ALLOW_ALL", False)
    regexes: Sequence[str] = project_setting("CORS_ALLOWED_ORIGIN_REGEXES", [])
    if not project_setting("CORS_ALLOW_ALL_ORIGINS", allows_all) and not any(
        re.match(regex, "https://any.invalid") for regex in regexes
    ):
        return "every origin that its settings do not list"
    headers = project_setting("CORS_ALLOW_HEADERS", default_headers)
    if "mcp-protocol-version" not in [header.lower() for header in headers]:
        return "the header mcp-protocol-version"
    return ""


@rule("W024")
def check_logins(**kwargs: Any) -> Iterator[Advice]:
    """Report endpoints for programs that redirect to the login page."""
    if not places_in_middleware(_LOGIN):
        return
    site = example_site()
    endpoints = [local for local in local_endpoints(site) if local.name not in _FOR_PEOPLE]
    guarded = []
    for name, _, path in [*local_resources(site), *endpoints]:
        view = view_at(path)
        if view is not None and getattr(view, "login_required", True):
            guarded.append(f"{name} {path!r}")
    if guarded:
        yield Advice(
            f"MIDDLEWARE has LoginRequiredMiddleware, which redirects {listed(guarded)} to the "
            "login page. Clients have no session: they expect a 401 from the MCP endpoint, and "
            "JSON from the others.",
            "Put @login_not_required (of django.contrib.auth.decorators) on these views; they "
            "check tokens and clients themselves.",
        )


@rule("W025")
def check_www(**kwargs: Any) -> Iterator[Advice]:
    """Report that every request for our identifiers is redirected to another host."""
    if not project_setting("PREPEND_WWW", False) or not places_in_middleware(_COMMON):
        return
    for setting, value in [*written_issuer(), *written_resources()]:
        host = split(value).origin.partition("://")[2]
        if not host.startswith("www."):
            yield Advice(
                f"PREPEND_WWW is True, and {setting} is {value!r}: Django redirects that host to "
                f"www.{host}. Clients do not follow, or find another identifier there.",
                "Leave PREPEND_WWW out, or write the host with www. there.",
            )
