"""What the walk has seen: requests and their answers, sorted by what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Fault, Trouble
from mcp_oauth_discovery.doctor.walk.intermediaries import Intermediary, intermediary
from mcp_oauth_discovery.doctor.walk.reading import Reading, read
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.www_authenticate import Challenge


@dataclass(frozen=True)
class Exchange:
    """One request, the redirects on the way, and how it ended."""

    url: str
    outcome: Answer | Failure
    hops: tuple[Answer, ...] = ()

    @property
    def answer(self) -> Answer | None:
        return self.outcome if isinstance(self.outcome, Answer) else None

    @property
    def status(self) -> int:
        """The status, or 0 where there is no answer."""
        return self.answer.status if self.answer else 0

    @cached_property
    def intermediary(self) -> Intermediary | None:
        """The service that has answered in place of the site, if there is one."""
        return intermediary(self.answer) if self.answer else None

    @cached_property
    def reading(self) -> Reading:
        """The document; empty unless the answer is 200 and whole."""
        answer = self.answer
        return read(answer) if answer and answer.status == 200 and not answer.is_cut else Reading()


@dataclass(frozen=True)
class Fetched:
    """A place where clients look for a document, and what was there."""

    role: Role
    exchange: Exchange

    @property
    def url(self) -> str:
        return self.exchange.url

    @property
    def reading(self) -> Reading:
        """The document that was there."""
        return self.exchange.reading

    @property
    def members(self) -> dict[str, Any] | None:
        return self.reading.members

    @property
    def told(self) -> dict[str, Any]:
        """The members, none where there is no document."""
        return self.reading.members or {}

    @property
    def is_absent(self) -> bool:
        """Whether there is plainly nothing, which sends clients to the next address."""
        return self.exchange.status in (404, 405, 410) and not self.exchange.intermediary


@dataclass(frozen=True)
class Server:
    """An authorization server: its issuer as the resource names it, and what it publishes."""

    issuer: str
    documents: tuple[Fetched, ...]
    jwks: Fetched | None = None
    # Where one client looks when it has found nothing.
    last: Fetched | None = None

    @property
    def found(self) -> Fetched | None:
        """The document that clients end up with."""
        return next((one for one in self.documents if one.members is not None), None)


@dataclass(frozen=True)
class OAuthEndpoint:
    """An endpoint of the authorization server on the origin of the MCP endpoint."""

    member: str
    url: str
    get: Exchange
    preflight: Exchange | None = None
    # The same preflight below the endpoint, where nothing is.
    control: Exchange | None = None


@dataclass(frozen=True)
class Forgery:
    """A request made once more with a forged host; `marks` are what must not be in the answer."""

    before: Exchange
    is_host: bool
    marks: tuple[str, ...]
    exchange: Exchange


@dataclass(frozen=True)
class Again:
    """A request made once more; `agent` is the name of whoever asks, empty for none."""

    before: Exchange
    exchange: Exchange
    agent: str = ""


@dataclass
class Walk:
    """All that was seen on one walk from an MCP endpoint."""

    url: str
    page_origin: str
    in_process: bool = False
    # The exceptions of the doctor itself.
    mishaps: list[str] = field(default_factory=list)
    # Why this project cannot sign, from its settings and keys; the documents do not show it.
    signing: tuple[Fault, ...] = ()
    post: Exchange | None = None
    get: Exchange | None = None
    challenges: list[Challenge] = field(default_factory=list)
    resources: list[Fetched] = field(default_factory=list)
    legacy: Fetched | None = None
    resource_jwks: Fetched | None = None
    servers: list[Server] = field(default_factory=list)
    # Issuers that this process cannot ask.
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
    agents: list[Again] = field(default_factory=list)
    burst: list[Again] = field(default_factory=list)

    @property
    def resource(self) -> Fetched | None:
        """The protected resource metadata that clients end up with."""
        return next((one for one in self.resources if one.members is not None), None)

    @property
    def jwks(self) -> list[Fetched]:
        """The key sets: that of the resource, and those of the servers."""
        sets = [self.resource_jwks, *(server.jwks for server in self.servers)]
        return [one for one in sets if one]

    @property
    def asked(self) -> list[Fetched]:
        """The places that clients come to, each URL once: they stop where there is a document."""
        return _each_once(self._asked())

    @property
    def published(self) -> list[Fetched]:
        """All documents that are there, each URL once, those that no client comes to as well."""
        return _each_once(one for one in self._places() if one.members is not None)

    def is_spare(self, place: Fetched) -> bool:
        """Say whether clients do without this place: they go on to another, or read no keys."""
        if place.role is Role.JWKS:
            return True
        if place in self.resources:
            return self.resource is not None
        return any(place in server.documents and server.found for server in self.servers)

    @property
    def passed_by(self) -> set[str]:
        """The URLs beside the one to which the challenge has led: then nobody comes there."""
        led = self.resource
        if led is None or led.role is not Role.CHALLENGE:
            return set()
        return {one.url for one in self.resources} - {led.url}

    @property
    def direct(self) -> list[Fetched]:
        """The documents that are there without a redirect."""
        return [one for one in self.published if not one.exchange.hops]

    def exchanges(self) -> Iterator[Exchange]:
        """Yield what was asked in plain words: what is wrong with these is wrong for all."""
        yield from (one for one in (self.post, self.get) if one)
        yield from (one.exchange for one in self.asked)
        yield from (one.get for one in self.oauth_endpoints)

    def _asked(self) -> Iterator[Fetched]:
        for one in self.resources:
            # The root is where clients end that found nothing before; few drop the final slash.
            if one.role not in (Role.ROOT, Role.STRIPPED) or self.resource in (None, one):
                yield one
        for server in self.servers:
            for one in server.documents:
                yield one
                if one is server.found:
                    break
        yield from self.jwks

    def _places(self) -> Iterator[Fetched]:
        yield from self.resources
        for server in self.servers:
            yield from server.documents
        yield from self.jwks


def _each_once(places: Iterable[Fetched]) -> list[Fetched]:
    found: dict[str, Fetched] = {}
    for one in places:
        found.setdefault(one.url, one)
    return list(found.values())


def all_answered(exchanges: Iterable[Exchange | None]) -> bool:
    """Say whether each of these was made, and answered."""
    return all(exchange is not None and exchange.answer is not None for exchange in exchanges)


def all_ended(exchanges: Iterable[Exchange]) -> bool:
    """Say whether there are any, and all were answered or refused in time."""
    outcomes = [exchange.outcome for exchange in exchanges]
    late = (Trouble.CUT, Trouble.TIMEOUT)
    return bool(outcomes) and not any(
        isinstance(outcome, Failure) and outcome.trouble in late for outcome in outcomes
    )
