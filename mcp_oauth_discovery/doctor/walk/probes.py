"""Requests beyond the walk: from a page, with forged headers, to unknown addresses, in a burst."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.transport.messages import Headers, Transport
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk import headers
from mcp_oauth_discovery.doctor.walk.observations import (
    Again,
    Exchange,
    Fetched,
    Forgery,
    OAuthEndpoint,
    Walk,
)
from mcp_oauth_discovery.doctor.walk.well_known import OAUTH, PRM, sendable
from mcp_oauth_discovery.standards.identifiers import origin, split
from mcp_oauth_discovery.standards.mcp_headers import REQUEST_HEADERS

Get = Callable[..., Exchange]
Probe = Callable[[Walk, Get, Transport], None]
# By the name of the step that needs the requests.
Probes = Mapping[str, Iterable[Probe]]
# Headers, and the texts that must not come back, each with the names of its headers.
Forged = tuple[Headers, Mapping[str, tuple[str, ...]]]

FORGED_PORT = "59999"
FORGED_PREFIX = "/forged-by-the-doctor"
UNKNOWN_PATH = "/unknown-path-of-the-doctor"
# About as many requests as one client sends in a second.
BURST = 10

OAUTH_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
)
# Web pages post to these. They neither revoke nor introspect.
_POSTED_TO = ("token_endpoint", "registration_endpoint")


def probe(walk: Walk, get: Get, transport: Transport, probes: Probes) -> None:
    """Add the observations beyond the documents, step by step."""
    for name, requests in probes.items():
        for ask in requests:
            with Noted(walk.mishaps, _("the requests for %(name)s"), name):
                ask(walk, get, transport)


def ask_oauth_endpoints(walk: Walk, get: Get, transport: Transport) -> None:
    """Contact the endpoints on the origin that the user named, and no others."""
    for server in walk.servers:
        members = server.metadata.content if server.metadata else {}
        for member in OAUTH_ENDPOINTS:
            url = members.get(member)
            if isinstance(url, str) and origin(url) and origin(url) == origin(walk.url):
                endpoint = _oauth_endpoint(walk, member, sendable(url), transport)
                walk.oauth_endpoints.append(endpoint)


def _oauth_endpoint(walk: Walk, member: str, url: str, transport: Transport) -> OAuthEndpoint:
    get = Exchange(url, transport.send("GET", url, headers.ANYTHING))
    if member not in _POSTED_TO:
        return OAuthEndpoint(member, url, get)
    permission = headers.preflight(walk.page_origin, "POST", "content-type")
    preflight = Exchange(url, transport.send("OPTIONS", url, permission))
    if get.status not in (404, 410):
        return OAuthEndpoint(member, url, get, preflight)
    unknown_url = f"{url.partition('?')[0].rstrip('/')}{UNKNOWN_PATH}"
    control = Exchange(unknown_url, transport.send("OPTIONS", unknown_url, permission))
    return OAuthEndpoint(member, url, get, preflight, control)


def ask_documents_as_a_page(walk: Walk, get: Get, transport: Transport) -> None:
    """Request the documents as a browser does for a page of another origin."""
    page = walk.page_origin
    for document in walk.direct:
        outcome = transport.send("GET", document.url, headers.from_page(page, headers.PLAIN))
        walk.page_reads.append(Exchange(document.url, outcome))
    preflight = headers.preflight(page, "GET", *headers.OF_DOCUMENTS)
    # Few providers allow the header of MCP, and no client needs it to read a document.
    for document in _own_documents(walk):
        outcome = transport.send("OPTIONS", document.url, preflight)
        walk.page_preflights.append(Exchange(document.url, outcome))


def ask_endpoint_as_a_page(walk: Walk, get: Get, transport: Transport) -> None:
    """Request the endpoint as a browser does for a page of another origin."""
    url, page = walk.url, walk.page_origin
    status = walk.get.status if walk.get and not walk.get.hops else 0
    if status in (401, 405) or (walk.post and walk.post.status == 401):
        preflight = headers.preflight(page, "POST", *REQUEST_HEADERS)
        walk.endpoint_preflight = Exchange(url, transport.send("OPTIONS", url, preflight))
        # Fetch: of the protocol's other methods, only this one needs a permission.
        preflight = headers.preflight(page, "DELETE", *REQUEST_HEADERS)
        walk.endpoint_delete = Exchange(url, transport.send("OPTIONS", url, preflight))
    # A 200 may be a stream without an end.
    if status and status != 200:
        outcome = transport.send("GET", url, headers.from_page(page, headers.ENDPOINT))
        walk.endpoint_read = Exchange(url, outcome)


def ask_with_head(walk: Walk, get: Get, transport: Transport) -> None:
    """Repeat the request for each document of the site with HEAD."""
    for document in _own_documents(walk):
        outcome = transport.send("HEAD", document.url, headers.PLAIN)
        walk.heads.append((document, Exchange(document.url, outcome)))


def ask_with_forged_hosts(walk: Walk, get: Get, transport: Transport) -> None:
    """Repeat requests with headers that name another host, scheme, port or prefix."""
    exchanges = [document.exchange for document in _own_documents(walk)]
    if walk.get and walk.get.status == 401 and not walk.get.hops:
        exchanges.append(walk.get)
    for before in exchanges:
        for forged, marks in _forgeries(walk, before.url):
            outcome = transport.send("GET", before.url, (headers.NAMED, *forged))
            walk.forgeries.append(Forgery(before, marks, Exchange(before.url, outcome)))


def forged_host(header: str) -> str:
    """Return a host that only this header names, so that the answer shows which one was used."""
    return f"{header.lower()}.forged-by-the-doctor.invalid"


def _forgeries(walk: Walk, url: str) -> list[Forged]:
    """Return headers that a careless proxy passes on, and what must not come back for them."""
    forwarded: Headers = (
        ("X-Forwarded-Host", forged_host("X-Forwarded-Host")),
        ("X-Forwarded-Server", forged_host("X-Forwarded-Server")),
        ("Forwarded", f"host={forged_host('Forwarded')}"),
    )
    forgeries: list[Forged] = [
        ((("Host", forged_host("Host")),), {forged_host("Host"): ("Host",)}),
        (forwarded, {forged_host(name): (name,) for name, _ in forwarded}),
    ]
    if walk.in_process:
        # No proxy is in front that would overwrite the other headers.
        return forgeries
    other, is_on = ("http", "off") if urlsplit(url).scheme == "https" else ("https", "on")
    proxy: Headers = (
        ("X-Forwarded-Proto", other),
        ("X-Forwarded-Ssl", is_on),
        ("X-Forwarded-Port", FORGED_PORT),
        ("X-Forwarded-Prefix", FORGED_PREFIX),
    )
    marks = {
        f"{other}://{host_of(url)}": ("X-Forwarded-Proto", "X-Forwarded-Ssl"),
        f":{FORGED_PORT}": ("X-Forwarded-Port",),
        FORGED_PREFIX: ("X-Forwarded-Prefix",),
    }
    return [*forgeries, (proxy, marks)]


def ask_unknown_addresses(walk: Walk, get: Get, transport: Transport) -> None:
    """Request well-known addresses that belong to no resource and no issuer."""
    start = split(walk.url).origin
    names = [PRM]
    if any(origin(server.issuer) == origin(walk.url) for server in walk.servers):
        names.append(OAUTH)
    walk.suffixes = [get(f"{start}{name}{UNKNOWN_PATH}") for name in names]


def ask_as_other_agents(walk: Walk, get: Get, transport: Transport) -> None:
    """Repeat the requests for one document and for the endpoint with other user agents."""
    exchanges = [(document.exchange, headers.PLAIN) for document in _own_documents(walk)[:1]]
    # Other statuses may be a stream without an end.
    if walk.get and walk.get.status in (400, 401, 403, 404, 405, 406) and not walk.get.hops:
        exchanges.append((walk.get, headers.ENDPOINT))
    for before, usual in exchanges:
        for agent in headers.AGENTS:
            outcome = transport.send("GET", before.url, headers.with_agent(agent, usual))
            walk.agents.append(Again(before, Exchange(before.url, outcome), agent))


def ask_in_a_burst(walk: Walk, get: Get, transport: Transport) -> None:
    """Repeat the request for one document many times in a row."""
    for document in _own_documents(walk)[:1]:
        for _number in range(BURST):
            outcome = transport.send("GET", document.url, headers.PLAIN)
            walk.burst.append(Again(document.exchange, Exchange(document.url, outcome)))


def _own_documents(walk: Walk) -> list[Fetched]:
    """Return the documents on the endpoint's origin; forged requests go to no other."""
    return [document for document in walk.direct if origin(document.url) == origin(walk.url)]
