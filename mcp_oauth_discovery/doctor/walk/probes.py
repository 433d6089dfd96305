"""What the doctor asks beyond the walk: as a page, as a stranger, and in a hurry."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.transport.messages import Headers, Transport
from mcp_oauth_discovery.doctor.transport.reachability import host_of
from mcp_oauth_discovery.doctor.walk import headers
from mcp_oauth_discovery.doctor.walk.observations import Again, Exchange, Fetched, Forgery, Walk
from mcp_oauth_discovery.doctor.walk.well_known import OAUTH, PRM
from mcp_oauth_discovery.standards.identifiers import origin, split
from mcp_oauth_discovery.standards.mcp_headers import REQUEST_HEADERS

Get = Callable[..., Exchange]
Wants = Callable[[str], bool]
# What is forged, the headers, and what they must not lead to.
Forged = tuple[str, Headers, tuple[str, ...]]

FORGED_HOST = "forged-by-the-doctor.invalid"
FORGED_PORT = "59999"
FORGED_PREFIX = "/forged-by-the-doctor"
NOBODYS_PATH = "/nobodys-path-but-the-doctors"
# About what one client sends within a second.
BURST = 10


def probe(walk: Walk, get: Get, transport: Transport, wants: Wants) -> None:
    """Fill in what a walk has beyond its documents, as far as it is wanted."""
    for group, ask in _PROBES.items():
        if wants(group):
            with Noted(walk.mishaps, f"the requests for {group}"):
                ask(walk, get, transport)


def _as_a_page(walk: Walk, get: Get, transport: Transport) -> None:
    page = walk.page_origin
    asked = headers.preflight(page, "GET", *headers.OF_DOCUMENTS)
    for document in walk.direct:
        url = document.url
        read = transport.send("GET", url, headers.of_a_page(page, headers.PLAIN))
        walk.page_reads.append(Exchange(url, read))
        walk.page_preflights.append(Exchange(url, transport.send("OPTIONS", url, asked)))
    _as_a_page_at_the_endpoint(walk, transport)


def _as_a_page_at_the_endpoint(walk: Walk, transport: Transport) -> None:
    url, page = walk.url, walk.page_origin
    get = walk.get.status if walk.get and not walk.get.hops else 0
    if get in (401, 405) or (walk.post and walk.post.status == 401):
        asked = headers.preflight(page, "POST", *REQUEST_HEADERS)
        walk.endpoint_preflight = Exchange(url, transport.send("OPTIONS", url, asked))
        # Fetch: a page needs no permission for any other method of the protocol.
        asked = headers.preflight(page, "DELETE", *REQUEST_HEADERS)
        walk.endpoint_delete = Exchange(url, transport.send("OPTIONS", url, asked))
    # A stream that is open to everybody does not end.
    if get and get != 200:
        read = transport.send("GET", url, headers.of_a_page(page, headers.ENDPOINT))
        walk.endpoint_read = Exchange(url, read)


def _by_head(walk: Walk, get: Get, transport: Transport) -> None:
    for document in walk.direct:
        outcome = transport.send("HEAD", document.url, headers.PLAIN)
        walk.heads.append((document, Exchange(document.url, outcome)))


def _with_forged_hosts(walk: Walk, get: Get, transport: Transport) -> None:
    exchanges = [one.exchange for one in _own_documents(walk)]
    if walk.get and walk.get.status == 401 and not walk.get.hops:
        exchanges.append(walk.get)
    for before in exchanges:
        for name, forged, marks in _forgeries(walk, before.url):
            outcome = transport.send("GET", before.url, (headers.NAMED, *forged))
            exchange = Exchange(before.url, outcome)
            walk.forgeries.append(Forgery(before, name == "Host", marks, exchange))


def _forgeries(walk: Walk, url: str) -> list[Forged]:
    """Return headers as a careless proxy lets them through, and what they must not lead to."""
    host: Headers = (("Host", FORGED_HOST),)
    forwarded: Headers = (
        ("X-Forwarded-Host", FORGED_HOST),
        ("X-Forwarded-Server", FORGED_HOST),
        ("Forwarded", f"host={FORGED_HOST}"),
    )
    found: list[Forged] = [("Host", host, (FORGED_HOST,)), ("Forwarded", forwarded, (FORGED_HOST,))]
    if walk.in_process:
        # The proxy in front is not there to overwrite the rest.
        return found
    other, is_on = ("http", "off") if urlsplit(url).scheme == "https" else ("https", "on")
    proxy: Headers = (
        ("X-Forwarded-Proto", other),
        ("X-Forwarded-Ssl", is_on),
        ("X-Forwarded-Port", FORGED_PORT),
        ("X-Forwarded-Prefix", FORGED_PREFIX),
    )
    marks = (f"{other}://{host_of(url)}", f":{FORGED_PORT}", FORGED_PREFIX)
    return [*found, ("X-Forwarded-Proto", proxy, marks)]


def _at_unknown_addresses(walk: Walk, get: Get, transport: Transport) -> None:
    start = split(walk.url).origin
    places = [PRM]
    if any(origin(server.issuer) == origin(walk.url) for server in walk.servers):
        places.append(OAUTH)
    walk.suffixes = [get(f"{start}{place}{NOBODYS_PATH}") for place in places]


def _in_a_hurry(walk: Walk, get: Get, transport: Transport) -> None:
    documents = [(one.exchange, headers.PLAIN) for one in _own_documents(walk)[:1]]
    places = list(documents)
    # Whoever is let in there may get a stream, which does not end.
    if walk.get and walk.get.status in (400, 401, 403, 404, 405, 406) and not walk.get.hops:
        places.append((walk.get, headers.ENDPOINT))
    for before, usual in places:
        for agent in headers.AGENTS:
            outcome = transport.send("GET", before.url, headers.by(agent, usual))
            walk.agents.append(Again(before, Exchange(before.url, outcome), agent))
    for before, usual in documents:
        for _ in range(BURST):
            outcome = transport.send("GET", before.url, usual)
            walk.burst.append(Again(before, Exchange(before.url, outcome)))


def _own_documents(walk: Walk) -> list[Fetched]:
    """Return the documents on the origin that the user named; forgeries go nowhere else."""
    return [one for one in walk.direct if origin(one.url) == origin(walk.url)]


_PROBES = {
    "cors": _as_a_page,
    "caching": _by_head,
    "hosts": _with_forged_hosts,
    "suffixes": _at_unknown_addresses,
    "load": _in_a_hurry,
}
