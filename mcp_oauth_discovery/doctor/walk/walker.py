"""Follow the discovery from an MCP endpoint to the keys, as clients do."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.transport.hiding import HidingTransport
from mcp_oauth_discovery.doctor.transport.messages import Answer, Fault, Headers, Transport
from mcp_oauth_discovery.doctor.transport.watching import Watch, WatchedTransport
from mcp_oauth_discovery.doctor.walk import headers, redirects
from mcp_oauth_discovery.doctor.walk.challenges import (
    challenges_of,
    challenges_of_walk,
    named_metadata,
)
from mcp_oauth_discovery.doctor.walk.credentials import Credentials
from mcp_oauth_discovery.doctor.walk.observations import (
    Exchange,
    Fetched,
    Server,
    Walk,
)
from mcp_oauth_discovery.doctor.walk.probes import Probes, probe
from mcp_oauth_discovery.doctor.walk.well_known import (
    Role,
    last_address,
    resource_addresses,
    sendable,
    server_addresses,
)
from mcp_oauth_discovery.standards.identifiers import check_issuer, origin, split

# A long list must not make the doctor contact the whole Internet.
MOST_SERVERS = 3

Addresses = list[tuple[Role, str]]


class Walker:
    """Sends the requests of clients, and keeps every answer in a `Walk`."""

    def __init__(
        self,
        transport: Transport,
        *,
        page_origin: str,
        probes: Probes = MappingProxyType({}),
        inside: frozenset[str] | None = None,
        signing: tuple[Fault, ...] = (),
        unpinned: tuple[Fault, ...] = (),
        described: frozenset[str] = frozenset(),
        credentials: Credentials | None = None,
        endpoints: frozenset[str] = frozenset(),
        watch: Watch | None = None,
    ) -> None:
        """Store the options.

        `probes` has the requests that each step needs beyond the documents. `inside` has the
        origins that the transport reaches, None if it reaches all. `signing` has the reasons why
        this project cannot sign, and `unpinned` that it has keys and no pinned issuer. `described`
        has the endpoints with a card in its settings. `endpoints` has all its endpoints on the
        origin of the URL, or in process the URLs of its protected views. `credentials` has what is
        needed for requests with tokens. `watch` is called before and after each request.
        """
        credentials = credentials or Credentials()
        if credentials.given:
            # Before anything sees the answers, the watch too.
            transport = HidingTransport(transport, credentials.given.without_secrets)
        self._transport = WatchedTransport(transport, watch) if watch else transport
        self._page_origin = page_origin
        self._probes = probes
        self._inside = inside
        self._signing = signing
        self._unpinned = unpinned
        self._described = described
        self._credentials = credentials
        self._endpoints = endpoints
        self._documents: dict[str, Exchange] = {}

    def walk(self, url: str) -> Walk:
        """Return the observations about the MCP endpoint at `url`."""
        walk = Walk(
            url,
            self._page_origin,
            in_process=self._inside is not None,
            signing=self._signing,
            unpinned=self._unpinned,
            is_described=url in self._described,
            credentials=self._credentials,
            project_endpoints=self._endpoints,
        )
        walk.post = Exchange(url, self._transport.send("POST", url, headers.ENDPOINT))
        if walk.post.answer is None:
            return walk
        self._documents.clear()
        # A slow site may use up the time: first what a client reads, then the rest.
        for step in (self._read_challenge, self._find_resource, self._find_servers, self._complete):
            with Noted(walk.mishaps, _("the walk")):
                step(walk)
        probe(walk, self._get, self._transport, self._probes)
        return walk

    def _read_challenge(self, walk: Walk) -> None:
        """Read the challenge in the answer to POST, or that to GET if there is none."""
        if not challenges_of(walk.post):
            walk.get = self._get(walk.url, headers.ENDPOINT)
        walk.challenges = challenges_of_walk(walk)

    def _find_resource(self, walk: Walk) -> None:
        walk.resources = self._first(self._resource_addresses(walk))
        if walk.resource is None:
            # Clients of the specification of March 2025 try this address.
            [(role, url), *_] = server_addresses(split(walk.url).origin)
            walk.legacy = self._fetch(role, url)

    def _resource_addresses(self, walk: Walk) -> Addresses:
        named = named_metadata(walk)
        if named is not None and origin(named) != origin(walk.url):
            # The user did not name this origin. A finding reports it.
            named = None
        return resource_addresses(walk.url, named)

    def _find_servers(self, walk: Walk) -> None:
        members = walk.resource.content if walk.resource else {}
        issuers = members.get("authorization_servers")
        if not isinstance(issuers, list):
            issuers = []
        walk.left_out = [issuer for issuer in issuers[MOST_SERVERS:] if isinstance(issuer, str)]
        for issuer in issuers[:MOST_SERVERS]:
            try:
                check_issuer(issuer)
            except ValueError:
                continue
            if self._inside is None or origin(issuer) in self._inside:
                walk.servers.append(self._server(walk, issuer))
            else:
                walk.elsewhere.append(issuer)
        allowed = {origin(walk.url), *(origin(server.issuer) for server in walk.servers)}
        walk.resource_jwks = self._keys(members.get("jwks_uri"), allowed)

    def _server(self, walk: Walk, issuer: str) -> Server:
        server = Server(issuer, tuple(self._first(server_addresses(issuer))))
        if server.metadata is None:
            last = last_address(issuer)
            return replace(server, last=self._fetch(Role.OAUTH, last) if last else None)
        uri = server.metadata.content.get("jwks_uri")
        return replace(server, jwks=self._keys(uri, {origin(issuer), origin(walk.url)}))

    def _complete(self, walk: Walk) -> None:
        """Request what no client needs after it has found a document."""
        walk.get = walk.get or self._get(walk.url, headers.ENDPOINT)
        walk.resources = self._all(self._resource_addresses(walk))
        walk.servers = [
            replace(server, documents=tuple(self._all(server_addresses(server.issuer))))
            for server in walk.servers
        ]

    def _first(self, addresses: Addresses) -> list[Fetched]:
        """Request addresses in their order, up to the first document."""
        places: list[Fetched] = []
        for role, url in addresses:
            places.append(self._fetch(role, url))
            if places[-1].members is not None:
                break
        return places

    def _all(self, addresses: Addresses) -> list[Fetched]:
        return [self._fetch(role, url) for role, url in addresses]

    def _keys(self, uri: object, allowed: set[str]) -> Fetched | None:
        """Return the keys at a `jwks_uri`, if its origin is allowed."""
        is_allowed = isinstance(uri, str) and origin(uri) in allowed
        return self._fetch(Role.JWKS, str(uri)) if is_allowed else None

    def _fetch(self, role: Role, url: str) -> Fetched:
        """Return the document at an address; each address is requested once."""
        url = sendable(url)
        if url not in self._documents:
            self._documents[url] = self._get(url)
        return Fetched(role, self._documents[url])

    def _get(self, url: str, request: Headers = headers.DOCUMENT) -> Exchange:
        """Send a GET, and follow redirects on the same origin as clients do."""
        hops: list[Answer] = []
        outcome = self._transport.send("GET", url, request)
        visited = {url}
        while isinstance(outcome, Answer) and (to := redirects.target(outcome)):
            if to in visited or origin(to) != origin(url) or len(hops) == redirects.MOST_HOPS:
                break
            visited.add(to)
            hops.append(outcome)
            outcome = self._transport.send("GET", to, request)
        return Exchange(url, outcome, tuple(hops))
