"""Whether the discovery URLs are where clients look: at the root, without a language, first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, listed, rule
from mcp_oauth_discovery.checks.routes import (
    described_urlconfs,
    example_site,
    is_discovery,
    match_at,
    path_below,
    placements,
    urlconfs,
)
from mcp_oauth_discovery.checks.site import server_metadata
from mcp_oauth_discovery.conf import Misconfigured, conf, fixed_script_prefix, root_urlconf, shown
from mcp_oauth_discovery.discovery import cards, documents
from mcp_oauth_discovery.standards.identifiers import locate
from mcp_oauth_discovery.standards.server_cards import CATALOG
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)

_INCLUDE = 'path("", include("mcp_oauth_discovery.urls"))'


def discovery_paths() -> list[str]:
    """Return the paths of all documents of this site."""
    site = example_site()
    paths = [PROTECTED_RESOURCE]
    paths += [
        PROTECTED_RESOURCE + resource.location.path
        for resource in site.resources
        if resource.enabled
    ]
    if server_metadata(site):
        paths += [AUTHORIZATION_SERVER, AUTHORIZATION_SERVER + locate(site.issuer).path]
        paths += [] if "jwks_uri" in conf.MCP_AUTHORIZATION_SERVER_METADATA else [JWKS]
    urls = [entry.url for entry in cards.configured_cards(site)]
    paths += [CATALOG] if urls else []
    # The URLconf sees these paths without the prefix that the site may have.
    paths += [path for url in urls if (path := path_below(url, url))]
    return list(dict.fromkeys(paths))


@rule("W001")
def check_urls_are_included(**kwargs: Any) -> Iterator[Advice]:
    """Report that a document of this site is not served."""
    urlconf = described_urlconfs()
    places = placements()
    if not places:
        yield Advice(
            f"{urlconf}: the URLs of mcp_oauth_discovery are missing. Nothing is served, unless a "
            "middleware of your own chooses another URLconf.",
            f"Add {_INCLUDE} to its urlpatterns.",
        )
    elif any(place.is_root for place in places):
        missing = [path for path in discovery_paths() if match_at(path) is None]
        if missing:
            yield Advice(
                f"{urlconf}: it has no route for {listed(missing)}.",
                f"Add {_INCLUDE} to its urlpatterns.",
            )
        elif outside := _cards_outside_of_the_prefix():
            yield Advice(
                f"FORCE_SCRIPT_NAME is {shown(fixed_script_prefix()[:-1])}: Django gets no request "
                f"for {listed(outside)}, and the catalogue lists it.",
                "Move the endpoint below the prefix, or remove its entry from MCP_SERVER_CARDS.",
            )
        elif not _has_jwks_name():
            yield Advice(
                f"{urlconf}: it includes the URLs of mcp_oauth_discovery under another namespace, "
                "so the authorization server metadata is a 500.",
                f"Write {_INCLUDE} in {shown(root_urlconf())} itself, not in the URLs of "
                "another app, and without a namespace.",
            )


def _cards_outside_of_the_prefix() -> list[str]:
    urls = [entry.url for entry in cards.configured_cards(example_site())]
    return [url for url in urls if path_below(url, url) is None]


def _has_jwks_name() -> bool:
    site = example_site()
    try:
        documents.issuer_document(site, list) if server_metadata(site) else None
    except Misconfigured as fault:
        return fault.setting != "ROOT_URLCONF"
    return True


@rule("W005")
def check_urls_are_at_the_root(**kwargs: Any) -> Iterator[Advice]:
    """Report discovery URLs below a prefix, where clients do not look (RFC 8615 §3)."""
    places = placements()
    if any(place.is_root or place.is_localised for place in places):
        return
    for place in places:
        yield Advice(
            f"{described_urlconfs()}: it includes the URLs of mcp_oauth_discovery below "
            f"{place.prefix!r}. Clients look at the root of the site.",
            f"Move {_INCLUDE} to the urlpatterns of ROOT_URLCONF, with an empty prefix. The MCP "
            "endpoint itself may be anywhere.",
        )


@rule("W006")
def check_urls_have_no_language(**kwargs: Any) -> Iterator[Advice]:
    """Report discovery URLs whose path contains a language."""
    places = placements()
    if any(place.is_localised for place in places) and not any(place.is_root for place in places):
        yield Advice(
            f"{described_urlconfs()}: it includes the URLs of mcp_oauth_discovery inside "
            "i18n_patterns. Clients request them without a language in the path.",
            f"Move {_INCLUDE} out of i18n_patterns() into urlpatterns.",
        )


@rule("W007")
def check_urls_come_first(**kwargs: Any) -> Iterator[Advice]:
    """Report a route of another app that comes first and answers one of our paths."""
    others = [path for urlconf in urlconfs() for path in _routes_before_ours(urlconf)]
    if others:
        yield Advice(
            f"{described_urlconfs()}: views of other apps come first, and answer at "
            f"{listed(others)}.",
            f"Move {_INCLUDE} up, to the beginning of urlpatterns.",
        )


def _routes_before_ours(urlconf: Any) -> Iterator[str]:
    """Yield the paths of our documents that views of other apps answer, with these views."""
    places = placements(urlconf).items()
    ours = [pattern for place, patterns in places if place.is_root for pattern in patterns]
    for path in discovery_paths():
        match = match_at(path, urlconf)
        if match is None or is_discovery(match.func):
            continue
        # A project may include only some of our views, and leave the others to another app.
        if any(pattern.resolve(path[1:]) for pattern in ours):
            yield f"{path} ({match._func_path})"  # noqa: SLF001
