"""Other URLs that may be the MCP endpoint: those that the site names, and common ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import LONGEST, shown
from mcp_oauth_discovery.doctor.transport.messages import Transport
from mcp_oauth_discovery.doctor.transport.reachability import host_of, is_private_host
from mcp_oauth_discovery.doctor.walk import headers
from mcp_oauth_discovery.doctor.walk.acceptance import FINAL_SLASH, differing_parts
from mcp_oauth_discovery.doctor.walk.cards import MOST_CARDS, address_of, is_of_card, remotes
from mcp_oauth_discovery.doctor.walk.challenges import bearer_of, challenges_of, named_metadata
from mcp_oauth_discovery.doctor.walk.observations import Alternative, Exchange, Walk
from mcp_oauth_discovery.doctor.walk.probes import Get
from mcp_oauth_discovery.doctor.walk.reading import is_html
from mcp_oauth_discovery.doctor.walk.redirects import is_login, target
from mcp_oauth_discovery.doctor.walk.well_known import PRM
from mcp_oauth_discovery.standards.identifiers import (
    check_resource,
    is_loopback,
    origin,
    split,
    without_final_slash,
)
from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG, CATALOG_TYPE

# How many other URLs get a POST.
MOST_CONTACTED = 3
# Of a longer list, the rest is not compared.
_MOST_COMPARED = 1000
# The path of most MCP servers.
USUAL_PATH = "/mcp"

# A URL, and a sentence about what names it.
Candidate = tuple[str, str]


def ask_alternatives(walk: Walk, get: Get, transport: Transport) -> None:
    """Send an empty POST to the URLs that may be the endpoint, until one of them is."""
    if not walk.in_process and _is_confirmed(walk):
        return
    candidates = _in_this_project(walk) if walk.in_process else _candidates(walk, get)
    names = {walk.url}
    contacted = 0
    for url, source in candidates:
        if url in names or not _is_other_endpoint(walk, url):
            continue
        names.add(url)
        if not _may_contact(walk.url, url):
            walk.alternatives.append(Alternative(url, source))
            continue
        if contacted == MOST_CONTACTED:
            return
        contacted += 1
        exchange = Exchange(url, transport.send("POST", url, headers.ENDPOINT))
        if _is_of_other_resource(walk, exchange):
            continue
        walk.alternatives.append(Alternative(url, source, exchange))
        if requires_token(exchange):
            return


def requires_token(exchange: Exchange) -> bool:
    """Return whether an MCP endpoint answered: with 401 and a Bearer challenge."""
    is_refused = exchange.status == 401 and not exchange.intermediary
    return is_refused and any(challenge.is_bearer for challenge in challenges_of(exchange))


def has_no_endpoint(exchange: Exchange | None) -> bool:
    """Return whether the answer to a POST shows that there is no MCP endpoint at this URL."""
    answer = exchange.answer if exchange and not exchange.intermediary else None
    return answer is not None and (
        answer.status in (404, 405, 410) or (answer.status == 200 and is_html(answer))
    )


def is_likely(typed: str, url: str) -> bool:
    """Return whether a protected view of the project is its MCP endpoint, by the URL of the view.

    It may also be an API beside an MCP server that runs outside Django. The path of an endpoint
    ends in "mcp" or the like, or is that of the settings but for the final slash.
    """
    path, other = split(typed).path, split(url).path
    if set(differing_parts(url, typed)) <= {FINAL_SLASH}:
        return True
    # A web server may put a prefix before the paths of the URLconf: then it is the same endpoint.
    is_below_prefix = without_final_slash(path).endswith(without_final_slash(other))
    last = without_final_slash(other).rpartition("/")[2]
    return "mcp" in last.lower() and not is_below_prefix


def _is_confirmed(walk: Walk) -> bool:
    """Return whether the metadata or the challenge names the typed URL: then the URL is right.

    Some sites name their origin, and the endpoint has a path. So an origin proves nothing.
    """
    if split(walk.url).path in ("", "/"):
        return False
    named = [place.content.get("resource") for place in walk.resources]
    named += [url for url, _ in _challenge(walk)]
    return any(_is_same(url, walk.url) for url in named)


def _is_same(url: object, other: str) -> bool:
    return isinstance(url, str) and bool(origin(url)) and not differing_parts(url, other)


def _is_other_endpoint(walk: Walk, url: str) -> bool:
    """Return whether a URL can be that of an endpoint, and is not the typed one."""
    try:
        check_resource(url)
    except ValueError:
        return False
    # A public site must not lead into a private network.
    leads_inside = is_private_host(host_of(url)) and not is_private_host(host_of(walk.url))
    return len(url) <= LONGEST and bool(differing_parts(url, walk.url)) and not leads_inside


def _may_contact(typed: str, url: str) -> bool:
    """Return whether a URL has the typed origin, or another name of this machine."""
    if origin(typed) == origin(url):
        return True
    mine, other = urlsplit(origin(typed)), urlsplit(origin(url))
    are_local = is_loopback(mine.hostname or "") and is_loopback(other.hostname or "")
    return are_local and (mine.scheme, mine.port) == (other.scheme, other.port)


def _candidates(walk: Walk, get: Get) -> Iterator[Candidate]:
    """Yield URLs that may be the endpoint, the most likely ones first."""
    is_refused = walk.post is not None and walk.post.status == 401
    if not is_refused:
        yield from _redirects(walk)
    yield from _resources(walk)
    yield from _challenge(walk)
    if is_refused:
        # The other sources may name other endpoints of the site.
        return
    yield from _protected_resources(walk)
    project = _nearest(walk.url, walk.project_endpoints)
    text = gettext("This project has an endpoint at %(url)s.")
    yield from ((url, text % {"url": shown(url)}) for url in project)
    yield from _cards(walk, get)
    is_contacted = any(alternative.exchange for alternative in walk.alternatives)
    if has_no_endpoint(walk.post) and not is_contacted:
        yield from _usual(walk.url)


def _in_this_project(walk: Walk) -> Iterator[Candidate]:
    """Yield URLs of this project that no setting names as an endpoint, the most likely ones first.

    Where the settings name the origin alone, CSRF protection may refuse a POST to the home page.
    """
    is_refused = walk.post is not None and walk.post.status == 403
    is_home = split(walk.url).path in ("", "/")
    if not (has_no_endpoint(walk.post) or (is_home and is_refused)):
        return
    views = _nearest(walk.url, walk.project_endpoints)
    text = gettext("A view of this project at %(url)s is protected.")
    protected = [(url, text % {"url": shown(url)}) for url in views]
    likely = [candidate for candidate in protected if is_likely(walk.url, candidate[0])]
    for url, source in (*likely, *_usual(walk.url), *protected):
        # Another origin and the other endpoints have reports of their own.
        if origin(url) == origin(walk.url) and url not in walk.credentials.endpoints:
            yield url, source


def _is_of_other_resource(walk: Walk, exchange: Exchange) -> bool:
    """Return whether the challenge belongs to another endpoint in the settings of this project."""
    challenge = bearer_of(exchange)
    named = challenge.parameters.get("resource_metadata", "") if challenge else ""
    resource = without_final_slash("".join(named.split(PRM, 1)))
    others = walk.credentials.endpoints - {walk.url}
    return resource in map(without_final_slash, others)


def _redirects(walk: Walk) -> Iterator[Candidate]:
    """Yield where the endpoint redirects to: on this origin, or to the same path elsewhere."""
    for exchange in filter(None, (walk.post, walk.get)):
        last = exchange.answer
        to = (target(last) or last.url) if last else ""
        is_here = origin(to) == origin(walk.url)
        is_same_path = bool(origin(to)) and set(differing_parts(to, walk.url)) <= {
            "scheme",
            "host",
            "port",
            FINAL_SLASH,
        }
        # A server on this machine most likely has no https: it takes itself for the public site.
        is_local = is_loopback(host_of(to)) and not _may_contact(walk.url, to)
        if (is_here or is_same_path) and not (is_login(to) or is_local):
            yield to, gettext("It redirects to %(url)s.") % {"url": shown(to)}


def _resources(walk: Walk) -> Iterator[Candidate]:
    for place in walk.resources:
        resource = place.content.get("resource")
        if isinstance(resource, str):
            text = gettext("resource in %(document)s is %(url)s.")
            yield resource, text % {"document": shown(place.url), "url": shown(resource)}


def _challenge(walk: Walk) -> Iterator[Candidate]:
    """Yield the endpoint to which the metadata URL of the challenge belongs."""
    start, found, path = (named_metadata(walk) or "").partition(PRM)
    if found and path:
        url = f"{start}{path}"
        text = gettext("resource_metadata in the challenge belongs to %(url)s.")
        yield url, text % {"url": shown(url)}


def _protected_resources(walk: Walk) -> Iterator[Candidate]:
    places = [walk.legacy, *(server.metadata for server in walk.servers)]
    for place in filter(None, places):
        listed = place.content.get("protected_resources")
        for url in _nearest(walk.url, listed if isinstance(listed, list) else ()):
            text = gettext("protected_resources in %(document)s lists %(url)s.")
            yield url, text % {"document": shown(place.url), "url": shown(url)}


def _cards(walk: Walk, get: Get) -> Iterator[Candidate]:
    """Yield the remotes of the server cards that the catalogue of this origin lists."""
    catalog = get(f"{split(walk.url).origin}{CATALOG}", headers.accepting(CATALOG_TYPE))
    entries = (catalog.reading.members or {}).get("entries")
    listed = entries if isinstance(entries, list) else []
    cards = [entry for entry in listed if isinstance(entry, dict) and is_of_card(entry)]
    for entry in cards[:MOST_CARDS]:
        url, card = address_of(entry), entry.get("data")
        if url and origin(url) == origin(walk.url):
            card = get(url, headers.accepting(CARD_TYPE)).reading.members
        for remote in _nearest(walk.url, _urls(card)):
            text = gettext("The server card in %(document)s names %(url)s.")
            yield remote, text % {"document": shown(url or catalog.url), "url": shown(remote)}


def _urls(card: Any) -> list[object]:
    return [remote.get("url") for remote in remotes(card)] if isinstance(card, dict) else []


def _usual(typed: str) -> Iterator[Candidate]:
    """Yield URLs that are often meant, although nothing names them."""
    start, path, query, _ = split(typed)
    other = without_final_slash(path) if path.endswith("/") else f"{path}/"
    paths = [other, USUAL_PATH] if path.strip("/") else [USUAL_PATH]
    yield from ((f"{start}{path}{query}", "") for path in paths)


def _nearest(typed: str, urls: Iterable[object]) -> list[str]:
    """Return the URLs in a list, those first that are most like the typed one."""
    listed = islice(urls, _MOST_COMPARED)
    texts = [url for url in listed if isinstance(url, str) and len(url) <= LONGEST]
    return sorted(texts, key=lambda url: -SequenceMatcher(None, typed, url).ratio())
