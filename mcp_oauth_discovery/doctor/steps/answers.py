"""What any answer can be instead of an answer: a redirect, an error, too much, too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps import redirects
from mcp_oauth_discovery.doctor.steps.advice import advice, advised
from mcp_oauth_discovery.doctor.steps.endpoint import OF_THE_REQUEST
from mcp_oauth_discovery.doctor.steps.exchanges import PUBLIC, of_documents, plain, stopped
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Fetched, Walk, all_answered
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.doctor.walk.well_known import Role

SLOW = 3.0
FORBIDDEN = (401, 403, 407)
BAD_REQUEST = (400, 421)
_OF_DOCUMENTS = (*FORBIDDEN, *BAD_REQUEST)
# What `endpoint` has rules for.
_OF_ENDPOINTS = (*range(200, 300), 401, 403, 404, 405, 410, *OF_THE_REQUEST)
# Addresses that the site itself has named. Clients merely try the others.
_NAMED = (Role.CHALLENGE, Role.JWKS)

ANSWER_FIREWALL = Entry(
    code="answer-firewall",
    severity=Severity.ERROR,
    seen="A firewall or a login service answers in place of the site.",
    expected="the answer of the site",
    section="RFC 9728 §3.2, RFC 6750 §3",
    clients=EVERY,
    fix=(
        "Exempt /.well-known/ and the MCP endpoint there: clients cannot solve a challenge or "
        "log in."
    ),
)
ANSWER_SERVER_ERROR = Entry(
    code="answer-server-error",
    severity=Severity.ERROR,
    seen="The answer is a server error.",
    expected="200, or 404 where there is nothing",
    section="RFC 9110 §15.6",
    clients=EVERY,
    fix="Read the log of the site. Clients take a 5xx for the end of the walk.",
    django_fix=(
        "Read the log of the site. Clients take a 5xx for the end of the walk. manage.py check "
        "names a setting that cannot be right."
    ),
)
ANSWER_FORBIDDEN = Entry(
    code="answer-forbidden",
    severity=Severity.ERROR,
    seen="A public document asks for credentials, or is forbidden.",
    expected="200 for everybody",
    section="RFC 9728 §3.2",
    clients=EVERY,
    fix=(
        "Let everybody read the documents: the proxy, the firewall and the application have to "
        "pass /.well-known/."
    ),
    django_fix=("Put DiscoveryMiddleware first, and let the proxy or firewall pass /.well-known/."),
)
ANSWER_BAD_REQUEST = Entry(
    code="answer-bad-request",
    severity=Severity.ERROR,
    seen="A plain GET is a bad request.",
    expected="200, or 404 where there is nothing",
    section="RFC 9110 §15.5.1",
    clients=EVERY,
    fix="Have the application know its public host, and the proxy pass Host on.",
    django_fix="Add the public host to ALLOWED_HOSTS, and have the proxy pass Host on.",
)
ANSWER_UNEXPECTED = Entry(
    code="answer-unexpected",
    severity=Severity.ERROR,
    seen="The status is none that clients know what to do with.",
    expected="200, or 404 where there is nothing; 401 from the MCP endpoint",
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=EVERY,
    fix="Look at what stands in front: a limit on the rate, a firewall, a cache.",
)
ANSWER_TOO_LARGE = Entry(
    code="answer-too-large",
    severity=Severity.ERROR,
    seen="The document is larger than 256 KiB; the rest was not read.",
    expected="a few kilobytes",
    section="RFC 9728 §3.2",
    fix="Find what fills it. The Go SDK, for one, reads no more than 1 MiB.",
)
ANSWER_SLOW = Entry(
    code="answer-slow",
    severity=Severity.WARNING,
    seen="The answer took longer than three seconds.",
    expected="an answer within a second",
    section="MCP authorization, discovery",
    clients=EVERY,
    fix=("The documents need no database but for the keys. Look for middleware that waits."),
)
ANSWER_ENCODED = Entry(
    code="answer-encoded",
    severity=Severity.WARNING,
    seen="The answer is compressed although nobody asked for it.",
    expected="no Content-Encoding for Accept-Encoding: identity",
    section="RFC 9110 §12.5.3",
    clients=EVERY,
    fix="Compress only what Accept-Encoding asks for.",
    django_fix="Let the proxy or GZipMiddleware look at Accept-Encoding.",
)


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
    fix = f"Exempt {PUBLIC} from {name}: clients cannot solve a challenge or log in."
    return finding(ANSWER_FIREWALL, exchange.url, seen, fix=fix)


def server_errors(walk: Walk) -> Iterator[Finding]:
    for exchange in plain(walk):
        if exchange.status >= 500 and not exchange.intermediary:
            clients = stopped(walk, exchange)
            fault = exchange.answer.fault if exchange.answer else None
            seen = f"{exchange.status}: {shown(fault.seen)}" if fault else _status(exchange)
            fix = fault.fix if fault else ""
            one = finding(ANSWER_SERVER_ERROR, exchange.url, seen, clients=clients, fix=fix)
            yield one if walk.in_process else _advised(one, exchange)


def forbidden(walk: Walk) -> Iterator[Finding]:
    for place in walk.asked:
        if place.exchange.status in FORBIDDEN and not place.exchange.intermediary:
            seen = _status(place.exchange)
            yield _at(walk, place, finding(ANSWER_FORBIDDEN, place.url, seen))


def bad_requests(walk: Walk) -> Iterator[Finding]:
    for place in walk.asked:
        if place.exchange.status in BAD_REQUEST:
            one = finding(ANSWER_BAD_REQUEST, place.url, _status(place.exchange))
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
        one = finding(ANSWER_UNEXPECTED, walk.url, _status(walk.post))
        yield _advised(one, walk.post)
    for place in walk.asked:
        is_told = place.is_absent or place.exchange.status in (0, 200, *_OF_DOCUMENTS)
        if not is_told and not walk.is_spare(place) and not _is_known(place.exchange):
            yield finding(ANSWER_UNEXPECTED, place.url, _status(place.exchange))


def _is_known(exchange: Exchange) -> bool:
    """Say whether an answer is a server error, a redirect, or that of a firewall."""
    is_redirect = exchange.answer is not None and target(exchange.answer) is not None
    return exchange.status >= 500 or is_redirect or exchange.intermediary is not None


def too_large(walk: Walk) -> Iterator[Finding]:
    for exchange in of_documents(walk):
        if exchange.answer and exchange.answer.is_cut:
            yield finding(ANSWER_TOO_LARGE, exchange.url)


def slow(walk: Walk) -> Iterator[Finding]:
    for exchange in plain(walk):
        if exchange.answer and exchange.answer.seconds > SLOW:
            seen = f"The answer took {exchange.answer.seconds:.1f} seconds."
            yield finding(ANSWER_SLOW, exchange.url, seen)


def encoded(walk: Walk) -> Iterator[Finding]:
    for exchange in of_documents(walk):
        coding = exchange.answer.header("content-encoding") if exchange.answer else None
        if coding and coding.lower() != "identity":
            seen = f"Content-Encoding: {shown(coding)}, not asked for."
            yield finding(ANSWER_ENCODED, exchange.url, seen)


def _status(exchange: Exchange) -> str:
    return f"{exchange.status}: {_gist(exchange)}"


def _gist(exchange: Exchange) -> str:
    return gist(exchange.answer) if exchange.answer else ""


def _has_seen(walk: Walk) -> bool:
    return all_answered([walk.post, walk.get, *(place.exchange for place in walk.asked)])


STEP = Step(
    name="answers",
    title="Answers",
    holds="no redirects, no errors, no logins in the way, and quick enough",
    entries=(
        *redirects.ENTRIES,
        ANSWER_FIREWALL,
        ANSWER_SERVER_ERROR,
        ANSWER_FORBIDDEN,
        ANSWER_BAD_REQUEST,
        ANSWER_UNEXPECTED,
        ANSWER_TOO_LARGE,
        ANSWER_SLOW,
        ANSWER_ENCODED,
    ),
    rules=(
        *redirects.RULES,
        replaced,
        server_errors,
        forbidden,
        bad_requests,
        unexpected,
        too_large,
        slow,
        encoded,
    ),
    has_seen=_has_seen,
    is_about_answers=True,
)
