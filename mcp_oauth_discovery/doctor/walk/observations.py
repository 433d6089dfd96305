"""What the doctor observed: requests and their answers, sorted by subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Fault, Trouble
from mcp_oauth_discovery.doctor.walk.credentials import Credentials, Refusal, Token
from mcp_oauth_discovery.doctor.walk.intermediaries import Intermediary, intermediary
from mcp_oauth_discovery.doctor.walk.reading import Reading, read
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.www_authenticate import Challenge


@dataclass(frozen=True)
class Exchange:
    """One request, the redirects that were followed, and the outcome."""

    url: str
    outcome: Answer | Failure
    hops: tuple[Answer, ...] = ()

    @property
    def answer(self) -> Answer | None:
        return self.outcome if isinstance(self.outcome, Answer) else None

    def answers(self) -> Iterator[Answer]:
        """Yield the redirects, and the answer that they lead to."""
        yield from self.hops
        if self.answer:
            yield self.answer

    @property
    def status(self) -> int:
        """The status, or 0 if there is no answer."""
        return self.answer.status if self.answer else 0

    @cached_property
    def intermediary(self) -> Intermediary | None:
        """The service that answered in place of the site, if any."""
        return intermediary(self.answer) if self.answer else None

    @cached_property
    def reading(self) -> Reading:
        """The document; empty unless the answer is 200 and complete."""
        answer = self.answer
        return read(answer) if answer and answer.status == 200 and not answer.is_cut else Reading()


@dataclass(frozen=True)
class Fetched:
    """An address where clients look for a document, and what was there."""

    role: Role
    exchange: Exchange

    @property
    def url(self) -> str:
        return self.exchange.url

    @property
    def reading(self) -> Reading:
        """The document at this address."""
        return self.exchange.reading

    @property
    def members(self) -> dict[str, Any] | None:
        return self.reading.members

    @property
    def content(self) -> dict[str, Any]:
        """The members; empty if there is no document."""
        return self.reading.members or {}

    @property
    def is_absent(self) -> bool:
        """Whether the status says that there is nothing, so that clients try the next address."""
        return self.exchange.status in (404, 405, 410) and not self.exchange.intermediary


@dataclass(frozen=True)
class Server:
    """An authorization server: its issuer as the resource names it, and its documents."""

    issuer: str
    documents: tuple[Fetched, ...]
    jwks: Fetched | None = None
    # The last address that one client tries if the others have no document.
    last: Fetched | None = None

    @property
    def metadata(self) -> Fetched | None:
        """The document that clients use."""
        return next((place for place in self.documents if place.members is not None), None)


@dataclass(frozen=True)
class OAuthEndpoint:
    """An endpoint of the authorization server on the origin of the MCP endpoint."""

    member: str
    url: str
    get: Exchange
    preflight: Exchange | None = None
    # The same preflight for a path below the endpoint that does not exist.
    control: Exchange | None = None


@dataclass(frozen=True)
class Forgery:
    """A repeated request with forged headers.

    `marks` has the texts that the answer must not contain, and which headers each comes from.
    """

    before: Exchange
    marks: Mapping[str, tuple[str, ...]]
    exchange: Exchange


@dataclass(frozen=True)
class Again:
    """A repeated request; `agent` is its User-Agent, "" for none."""

    before: Exchange
    exchange: Exchange
    agent: str = ""


class Alternative(NamedTuple):
    """Another URL that may be the endpoint: a sentence about what names it, and the answer there.

    A URL on another origin has no exchange, because it is not contacted.
    """

    url: str
    source: str
    exchange: Exchange | None = None


class Card(NamedTuple):
    """A card of the endpoint: the URL that it is found at, its members, and its entry, if any.

    A card inside its entry has no exchange.
    """

    url: str
    members: Mapping[str, Any] | None
    exchange: Exchange | None = None
    entry: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name, or "" if there is none."""
        name = (self.members or {}).get("name")
        return name if isinstance(name, str) else ""


@dataclass
class Walk:
    """All observations about one MCP endpoint."""

    url: str
    page_origin: str
    in_process: bool = False
    # Exceptions in the doctor itself.
    mishaps: list[str] = field(default_factory=list)
    # Why this project cannot sign, from its settings and keys. The documents do not show this.
    signing: tuple[Fault, ...] = ()
    # That this project has keys, and its issuer is that of each request.
    unpinned: tuple[Fault, ...] = ()
    # Whether the settings of this project have a card for the endpoint.
    is_described: bool = False
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    # Endpoints of this project: of its settings, or in process the URLs of its protected views.
    project_endpoints: frozenset[str] = frozenset()
    post: Exchange | None = None
    get: Exchange | None = None
    challenges: list[Challenge] = field(default_factory=list)
    resources: list[Fetched] = field(default_factory=list)
    legacy: Fetched | None = None
    resource_jwks: Fetched | None = None
    servers: list[Server] = field(default_factory=list)
    # Issuers that are outside this process.
    elsewhere: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    oauth_endpoints: list[OAuthEndpoint] = field(default_factory=list)
    page_reads: list[Exchange] = field(default_factory=list)
    page_preflights: list[Exchange] = field(default_factory=list)
    endpoint_read: Exchange | None = None
    endpoint_preflight: Exchange | None = None
    endpoint_delete: Exchange | None = None
    heads: list[tuple[Fetched, Exchange]] = field(default_factory=list)
    forgeries: list[Forgery] = field(default_factory=list)
    suffixes: list[Exchange] = field(default_factory=list)
    card: Exchange | None = None
    catalog: Exchange | None = None
    # Cards that the catalogue lists at other addresses, and documents as pages read them.
    linked_cards: list[Exchange] = field(default_factory=list)
    card_reads: list[Exchange] = field(default_factory=list)
    # The cards of the endpoint, the usual one first. A catalogue may be long: find them once.
    own_cards: list[Card] = field(default_factory=list)
    # Other URLs that may be the endpoint. The first that is one ends the list.
    alternatives: list[Alternative] = field(default_factory=list)
    agents: list[Again] = field(default_factory=list)
    burst: list[Again] = field(default_factory=list)
    # The answers to empty POSTs with tokens, and why this project refuses some of the tokens.
    tokens: dict[Token, Exchange] = field(default_factory=dict)
    explanations: dict[Token, tuple[Refusal, ...]] = field(default_factory=dict)

    @property
    def resource(self) -> Fetched | None:
        """The protected resource metadata that clients use."""
        return next((place for place in self.resources if place.members is not None), None)

    @property
    def jwks(self) -> list[Fetched]:
        """The JWK Sets: that of the resource, and those of the servers."""
        places = [self.resource_jwks, *(server.jwks for server in self.servers)]
        return [place for place in places if place]

    @property
    def tried(self) -> list[Fetched]:
        """The addresses that clients try, each URL once; they stop at the first document."""
        # Clients that found a document before do not try the root; few drop the final slash.
        places = [
            place
            for place in self.resources
            if place.role not in (Role.ROOT, Role.STRIPPED) or self.resource in (None, place)
        ]
        for server in self.servers:
            for document in server.documents:
                places.append(document)
                if document is server.metadata:
                    break
        return _each_once([*places, *self.jwks])

    @property
    def published(self) -> list[Fetched]:
        """All documents, each URL once, also those that no client reads."""
        documents = (document for server in self.servers for document in server.documents)
        places = (*self.resources, *documents, *self.jwks)
        return _each_once(place for place in places if place.members is not None)

    def is_spare(self, place: Fetched) -> bool:
        """Return whether clients manage without this address: they try another, or read no keys."""
        if place.role is Role.JWKS:
            return True
        if place in self.resources:
            return self.resource is not None
        return any(place in server.documents and server.metadata for server in self.servers)

    @property
    def passed_by(self) -> set[str]:
        """The addresses that no client tries, because the challenge names another one."""
        resource = self.resource
        if resource is None or resource.role is not Role.CHALLENGE:
            return set()
        return {place.url for place in self.resources} - {resource.url}

    @property
    def direct(self) -> list[Fetched]:
        """The documents that are served without a redirect."""
        return [place for place in self.published if not place.exchange.hops]

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the ordinary requests, whose faults affect every client."""
        yield from (exchange for exchange in (self.post, self.get) if exchange)
        yield from (place.exchange for place in self.tried)
        yield from (endpoint.get for endpoint in self.oauth_endpoints)


def _each_once(places: Iterable[Fetched]) -> list[Fetched]:
    by_url: dict[str, Fetched] = {}
    for place in places:
        by_url.setdefault(place.url, place)
    return list(by_url.values())


def all_answered(exchanges: Iterable[Exchange | None]) -> bool:
    """Return whether each of these was made, and answered."""
    return all(exchange is not None and exchange.answer is not None for exchange in exchanges)


def is_cut(exchange: Exchange) -> bool:
    """Return whether a request was not sent, because the time for all of them was over."""
    outcome = exchange.outcome
    return isinstance(outcome, Failure) and outcome.trouble is Trouble.CUT


def all_ended(exchanges: Iterable[Exchange]) -> bool:
    """Return whether there are any, and all were answered or refused in time."""
    outcomes = [exchange.outcome for exchange in exchanges]
    late = (Trouble.CUT, Trouble.TIMEOUT)
    return bool(outcomes) and not any(
        isinstance(outcome, Failure) and outcome.trouble in late for outcome in outcomes
    )
