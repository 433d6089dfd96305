"""The MCP endpoints of this project, as a request to one host sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from django.core.handlers.wsgi import WSGIRequest

from mcp_oauth_discovery.checks.guards import guards
from mcp_oauth_discovery.checks.routes import routes
from mcp_oauth_discovery.conf import Misconfigured, allowed_hosts, conf, fixed_script_prefix
from mcp_oauth_discovery.discovery.cards import configured_cards
from mcp_oauth_discovery.identity import Site, pinned_issuer
from mcp_oauth_discovery.standards.identifiers import is_loopback, origin, split
from mcp_oauth_discovery.standards.wsgi import environ


def origin_of(host: str | None) -> str:
    """Return the origin of requests to a host; None stands for the host of this site."""
    if host is not None:
        name = host.rpartition(":")[0] if host[-1:].isdigit() and ":" in host else host
        return f"{'http' if is_loopback(name) else 'https'}://{host}"
    if isinstance(conf.MCP_ISSUER, str):
        return split(pinned_issuer()).origin
    allowed = (name.removeprefix(".") for name in allowed_hosts() if name != "*")
    return origin_of(next(allowed, "localhost"))


def site_at(origin: str, urlconf: Any = None) -> Site:
    """Return the site as a request to an origin sees it; `urlconf` replaces the URLconf."""
    prefix = fixed_script_prefix()
    request = WSGIRequest(environ("GET", f"{origin}{prefix}", prefix=prefix))
    return Site(request, urlconf=urlconf)


def endpoints(site: Site) -> list[str]:
    """Return the URLs of the MCP endpoints, the default one first."""
    default = site.default_resource
    first = [default.identifier] if default and default.enabled else []
    others = [resource.identifier for resource in site.resources if resource.enabled]
    return list(dict.fromkeys([*first, *others]))


def endpoints_at(url: str) -> frozenset[str]:
    """Return the MCP endpoints of this project on the origin of a URL.

    There are none if the URL is that of another site, or if a setting is wrong.
    """
    start = origin(url)
    # MCP_ISSUER may be a function, which may raise anything for the host of another site.
    with suppress(Exception):
        return frozenset(one for one in endpoints(site_at(start)) if origin(one) == start)
    return frozenset()


def protected_urls(start: str) -> Iterator[str]:
    """Yield the URL of each view of the URLconf that has a protection, on an origin."""
    prefix = fixed_script_prefix()
    for route in routes():
        if guards(route.view) and (path := route.path):
            yield f"{start}{prefix[:-1]}{quote(path)}"


def described_endpoints(site: Site) -> frozenset[str]:
    """Return the URLs of the MCP endpoints that have a card in `MCP_SERVER_CARDS`.

    If an entry has a wrong key there are none: the catalogue then shows this fault.
    """
    with suppress(Misconfigured):
        return frozenset(card.resource.identifier for card in configured_cards(site))
    return frozenset()
