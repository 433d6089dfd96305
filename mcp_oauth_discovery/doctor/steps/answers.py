"""What any answer can be instead of an answer: a redirect, an error, too much, too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.advice import advice, advised
from mcp_oauth_discovery.doctor.steps.endpoint import OF_THE_REQUEST
from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.transport.reachability import is_exposed
from mcp_oauth_discovery.doctor.walk import redirects
from mcp_oauth_discovery.doctor.walk.intermediaries import login_service
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Fetched, Walk
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.well_known import Role

SLOW = 3.0
FORBIDDEN = (401, 403, 407)
BAD_REQUEST = (400, 421)
_OF_DOCUMENTS = (*FORBIDDEN, *BAD_REQUEST)
# What `endpoint` has rules for.
_OF_ENDPOINTS = (*range(200, 300), 401, 403, 404, 405, 410, *OF_THE_REQUEST)
_PUBLIC = "/.well-known/ and the MCP endpoint"
# Addresses that the site itself has named. Clients merely try the others.
_NAMED = (Role.CHALLENGE, Role.JWKS)


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects, by the setting that is most likely behind each."""
    for exchange in _plain(walk):
        found = _causes(exchange)
        # What leads round in a circle is no fault beside the circle.
        loops = [one for one in found if one[0] == "redirect-loop"]
        for code, seen in loops or found:
            if code == "redirect-https" and is_exposed(walk.url):
                # As it should be: it is the URL of the user that is not https.
                continue
            clients, fix = _stopped(walk, exchange), _past_login(exchange)
            yield finding(code, exchange.url, seen, clients=clients, fix=fix)


def _past_login(exchange: Exchange) -> str:
    """Return what to do about a redirect to a login service, or "" for other redirects."""
    targets = (redirects.target(answer) or "" for answer in _answers(exchange))
    name = next(filter(None, map(login_service, targets)), None)
    return f"{name} asks for a login first. Exempt {_PUBLIC} from it." if name else ""


def _causes(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the code of each redirect on the way, and what was seen."""
    found = []
    been = {exchange.url}
    for answer in _answers(exchange):
        to = redirects.target(answer)
        if to is not None:
            code = "redirect-loop" if to in been else redirects.cause(answer.url, to)
            found.append((code, f"{answer.status} to {shown(to)}."))
            been.add(to)
    return found


def _answers(exchange: Exchange) -> list[Answer]:
    return [*exchange.hops, *([exchange.answer] if exchange.answer else [])]


def replaced(walk: Walk) -> Iterator[Finding]:
    """Report answers of firewalls and login services in place of those of the site."""
    if walk.post and walk.post.intermediary:
        yield _firewall(walk.post)
    elif walk.get and walk.get.intermediary:
        yield replace(_firewall(walk.get), clients=())
    for place in walk.asked:
        if place.exchange.intermediary:
            yield _at(walk, place, _firewall(place.exchange))
    for endpoint in walk.oauth_endpoints:
        # People open the authorization endpoint in a browser, which can pass a challenge.
        if endpoint.get.intermediary and endpoint.member != "authorization_endpoint":
            yield _firewall(endpoint.get)


def _firewall(exchange: Exchange) -> Finding:
    by = exchange.intermediary
    name, evidence = (by.name, shown(by.evidence)) if by else ("", "")
    seen = f"{exchange.status} of {name} ({evidence}): {_gist(exchange)}."
    fix = f"Exempt {_PUBLIC} from {name}: clients cannot solve a challenge or log in."
    return finding("answer-firewall", exchange.url, seen, fix=fix)


def server_errors(walk: Walk) -> Iterator[Finding]:
    for exchange in _plain(walk):
        if exchange.status >= 500 and not exchange.intermediary:
            clients = _stopped(walk, exchange)
            fault = exchange.answer.fault if exchange.answer else None
            seen = f"{exchange.status}: {shown(fault.seen)}" if fault else _status(exchange)
            fix = fault.fix if fault else ""
            one = finding("answer-server-error", exchange.url, seen, clients=clients, fix=fix)
            yield one if walk.in_process else _advised(one, exchange)


def forbidden(walk: Walk) -> Iterator[Finding]:
    for place in walk.asked:
        if place.exchange.status in FORBIDDEN and not place.exchange.intermediary:
            seen = _status(place.exchange)
            yield _at(walk, place, finding("answer-forbidden", place.url, seen))


def bad_requests(walk: Walk) -> Iterator[Finding]:
    for place in walk.asked:
        if place.exchange.status in BAD_REQUEST:
            one = finding("answer-bad-request", place.url, _status(place.exchange))
            yield _at(walk, place, _advised(one, place.exchange))


def _advised(one: Finding, exchange: Exchange) -> Finding:
    return advised(one, advice(exchange.answer) if exchange.answer else None)


def _at(walk: Walk, place: Fetched, one: Finding) -> Finding:
    """Return a finding about a place; clients survive a 4xx at a place that they do not need.

    Such a finding is no error, unless the site itself has named the place.
    """
    if not walk.is_spare(place) or place.exchange.status >= 500:
        return one
    severity = one.severity if place.role in _NAMED else Severity.INFO
    return replace(one, clients=(), severity=severity)


def unexpected(walk: Walk) -> Iterator[Finding]:
    """Report statuses that no other rule is about, where nothing else is found either."""
    if walk.post and walk.post.status not in (*_OF_ENDPOINTS, 0) and not _is_known(walk.post):
        one = finding("answer-unexpected", walk.url, _status(walk.post))
        yield _advised(one, walk.post)
    for place in walk.asked:
        is_told = place.is_absent or place.exchange.status in (0, 200, *_OF_DOCUMENTS)
        if not is_told and not walk.is_spare(place) and not _is_known(place.exchange):
            yield finding("answer-unexpected", place.url, _status(place.exchange))


def _is_known(exchange: Exchange) -> bool:
    """Say whether an answer is a server error, a redirect, or that of a firewall."""
    is_redirect = exchange.answer is not None and redirects.target(exchange.answer) is not None
    return exchange.status >= 500 or is_redirect or exchange.intermediary is not None


def too_large(walk: Walk) -> Iterator[Finding]:
    for exchange in _documents(walk):
        if exchange.answer and exchange.answer.is_cut:
            yield finding("answer-too-large", exchange.url)


def slow(walk: Walk) -> Iterator[Finding]:
    for exchange in _plain(walk):
        if exchange.answer and exchange.answer.seconds > SLOW:
            seen = f"The answer took {exchange.answer.seconds:.1f} seconds."
            yield finding("answer-slow", exchange.url, seen)


def encoded(walk: Walk) -> Iterator[Finding]:
    for exchange in _documents(walk):
        coding = exchange.answer.header("content-encoding") if exchange.answer else None
        if coding and coding.lower() != "identity":
            seen = f"Content-Encoding: {shown(coding)}, not asked for."
            yield finding("answer-encoded", exchange.url, seen)


def _stopped(walk: Walk, exchange: Exchange) -> tuple[Client, ...] | None:
    """Return whom an answer stops, if it is not those of the catalogue."""
    if exchange.url == walk.url:
        # A POST survives neither an error nor a redirect.
        return EVERY
    # MCP clients read no keys.
    return () if exchange.url in {one.url for one in walk.jwks} else None


def _plain(walk: Walk) -> Iterator[Exchange]:
    """Yield what is asked of the endpoint and of the documents."""
    yield from (one for one in (walk.post, walk.get) if one)
    yield from _documents(walk)


def _documents(walk: Walk) -> Iterator[Exchange]:
    yield from (one.exchange for one in walk.asked)


def _status(exchange: Exchange) -> str:
    return f"{exchange.status}: {_gist(exchange)}"


def _gist(exchange: Exchange) -> str:
    return gist(exchange.answer) if exchange.answer else ""


RULES = (
    redirected,
    replaced,
    server_errors,
    forbidden,
    bad_requests,
    unexpected,
    too_large,
    slow,
    encoded,
)
