"""Is any answer a redirect or an error?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps import delivery, redirects
from mcp_oauth_discovery.doctor.steps.advice import advice, advised
from mcp_oauth_discovery.doctor.steps.exchanges import plain, stopped
from mcp_oauth_discovery.doctor.steps.outside import (
    DOWN,
    IN_ITS_DOCUMENT,
    is_outside,
    issuer_advised,
    readvised,
)
from mcp_oauth_discovery.doctor.steps.refused_hosts import naming_host
from mcp_oauth_discovery.doctor.walk.intermediaries import Intermediary
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Fetched, Walk, all_answered
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.doctor.walk.tokens import OF_THE_REQUEST
from mcp_oauth_discovery.doctor.walk.well_known import Role
from mcp_oauth_discovery.standards.identifiers import origin

FORBIDDEN = (401, 403, 407)
BAD_REQUEST = (400, 421)
_OF_DOCUMENTS = (*FORBIDDEN, *BAD_REQUEST)
# Statuses that `endpoint` has rules for.
_OF_ENDPOINTS = (*range(200, 300), 401, 403, 404, 405, 410, *OF_THE_REQUEST)
# Addresses that the site itself names. Clients only try the others.
_NAMED = (Role.CHALLENGE, Role.JWKS)

ANSWER_FIREWALL = Entry(
    code="answer-firewall",
    severity=Severity.ERROR,
    seen=_("A firewall or a login service answers instead of the site."),
    expected=_("the answer of the site"),
    section="RFC 9728 §3.2, RFC 6750 §3",
    clients=EVERY,
    fix=_(
        "Exempt /.well-known/ and the MCP endpoint from the firewall or the login service: clients "
        "cannot solve a challenge or log in."
    ),
    explains=(
        "agent-dependent",
        "answer-forbidden",
        "answer-unexpected",
        "card-no-answer",
        "challenge",
        "cors",
        "documents",
        "head-differs",
        "jwks-not-found",
        "oauth-endpoint-cors",
    ),
)
ANSWER_SERVER_ERROR = Entry(
    code="answer-server-error",
    severity=Severity.ERROR,
    seen=_("The answer is a server error."),
    expected=_("200, or 404 if there is no document"),
    section="RFC 9110 §15.6",
    clients=EVERY,
    fix=_("Read the log of the site for the error of this request. Clients give up on a 5xx."),
    django_fix=_(
        "Read the log of the site for the exception of this request, and run manage.py check, "
        "which names wrong settings. Clients give up on a 5xx."
    ),
    explains=("card-no-answer", "jwks-not-found", "oauth-endpoint-error", "burst-fails"),
)
ANSWER_FORBIDDEN = Entry(
    code="answer-forbidden",
    severity=Severity.ERROR,
    seen=_("A public document requires credentials, or is forbidden."),
    expected=_("200 without credentials"),
    section="RFC 9728 §3.2",
    clients=EVERY,
    fix=_(
        "Make the documents public: the proxy, the firewall and the application must let "
        "/.well-known/ pass."
    ),
    django_fix=_(
        "Put DiscoveryMiddleware first in MIDDLEWARE, and have the proxy or firewall let "
        "/.well-known/ pass."
    ),
    explains=("card-no-answer", "challenge-not-bearer", "cors-endpoint-preflight"),
)
ANSWER_BAD_REQUEST = Entry(
    code="answer-bad-request",
    severity=Severity.ERROR,
    seen=_("A plain GET is answered with 400 or 421."),
    expected=_("200, or 404 if there is no document"),
    section="RFC 9110 §15.5.1",
    clients=EVERY,
    fix=_(
        "Configure the public host in the application, and have the proxy pass the Host header on."
    ),
    django_fix=_(
        "Add the public host to ALLOWED_HOSTS, and have the proxy pass the Host header on."
    ),
    explains=("challenge", "cors", "documents", "jwks-not-found", "oauth-endpoint-cors"),
)
ANSWER_UNEXPECTED = Entry(
    code="answer-unexpected",
    severity=Severity.ERROR,
    seen=_("Clients do not handle this status."),
    expected=_("200, or 404 if there is no document; 401 from the MCP endpoint"),
    section="RFC 9728 §3.2, RFC 8414 §3.2",
    clients=EVERY,
    fix=_(
        "Check what answers in place of the site: a rate limit, a firewall or a cache in front of "
        "it."
    ),
)


def replaced(walk: Walk) -> Iterator[Finding]:
    """Report answers of firewalls and login services in place of those of the site."""
    if walk.post and walk.post.intermediary:
        yield _firewall(walk.post, walk.post.intermediary)
    elif walk.get and walk.get.intermediary:
        yield replace(_firewall(walk.get, walk.get.intermediary), clients=())
    for place in walk.tried:
        if service := place.exchange.intermediary:
            refusal = readvised(walk, _firewall(place.exchange, service), gettext(IN_ITS_DOCUMENT))
            # The challenge is in the answer to the POST.
            causes = tuple(name for name in refusal.explains if name != "challenge")
            refusal = replace(refusal, explains=causes)
            yield _at(walk, place, refusal)
    for endpoint in walk.oauth_endpoints:
        # People open the authorization endpoint in a browser, which can pass a challenge.
        service = endpoint.get.intermediary
        if service and endpoint.member != "authorization_endpoint":
            yield replace(_firewall(endpoint.get, service), explains=("oauth-endpoint-cors",))


def _firewall(exchange: Exchange, service: Intermediary) -> Finding:
    observation = gettext("%(status)d of %(service)s (%(evidence)s): %(answer)s.") % {
        "status": exchange.status,
        "service": service.name,
        "evidence": shown(service.evidence),
        "answer": gist(exchange.answer) if exchange.answer else "",
    }
    fix = gettext(
        "Exempt /.well-known/ and the MCP endpoint from %(service)s: clients cannot solve a "
        "challenge or log in."
    ) % {"service": service.name}
    return finding(ANSWER_FIREWALL, exchange.url, observation, fix=fix, at=origin(exchange.url))


def server_errors(walk: Walk) -> Iterator[Finding]:
    for exchange in plain(walk):
        if exchange.status >= 500 and not exchange.intermediary:
            fault = exchange.answer.fault if exchange.answer else None
            error = finding(
                ANSWER_SERVER_ERROR,
                exchange.url,
                _status(exchange),
                clients=stopped(walk, exchange),
                fix=fault.fix if fault else "",
            )
            error = error if walk.in_process else _advised(error, exchange)
            yield readvised(walk, error, gettext(DOWN))


def forbidden(walk: Walk) -> Iterator[Finding]:
    for place in _judged(walk):
        if place.exchange.status in FORBIDDEN and not place.exchange.intermediary:
            refusal = finding(ANSWER_FORBIDDEN, place.url, _status(place.exchange))
            yield _at(walk, place, issuer_advised(walk, place, refusal))


def bad_requests(walk: Walk) -> Iterator[Finding]:
    for place in _judged(walk):
        if place.exchange.status in BAD_REQUEST:
            refusal = finding(ANSWER_BAD_REQUEST, place.url, _status(place.exchange))
            refusal = naming_host(refusal, walk)
            if walk.post is None or walk.post.status not in BAD_REQUEST:
                # Only this document is refused, not the host.
                refusal = replace(refusal, explains=())
            refusal = _advised(refusal, place.exchange, walk.url)
            yield _at(walk, place, issuer_advised(walk, place, refusal))


def _judged(walk: Walk) -> Iterator[Fetched]:
    """Yield the addresses whose refusals matter.

    Some providers refuse every address that they do not have. Clients try the next one, and the
    site cannot change it.
    """
    for place in walk.tried:
        is_needed = place.role in _NAMED or not walk.is_spare(place)
        if is_needed or not is_outside(walk, place.url):
            yield place


def _advised(result: Finding, exchange: Exchange, typed: str = "") -> Finding:
    return advised(result, advice(exchange.answer) if exchange.answer else None, typed)


def _at(walk: Walk, place: Fetched, result: Finding) -> Finding:
    """Return a finding, without clients if they continue after a 4xx at this address.

    It is no error then, unless the site itself names the address.
    """
    if not walk.is_spare(place) or place.exchange.status >= 500:
        return result
    severity = result.severity if place.role in _NAMED else Severity.INFO
    return replace(result, clients=(), severity=severity)


def unexpected(walk: Walk) -> Iterator[Finding]:
    """Report statuses that no other rule is about, if nothing else is wrong with the answer."""
    if walk.post and walk.post.status not in (*_OF_ENDPOINTS, 0) and not _is_known(walk.post):
        result = finding(ANSWER_UNEXPECTED, walk.url, _status(walk.post))
        yield _advised(result, walk.post)
    for place in walk.tried:
        is_judged = place.is_absent or place.exchange.status in (0, 200, *_OF_DOCUMENTS)
        if not is_judged and not walk.is_spare(place) and not _is_known(place.exchange):
            yield finding(ANSWER_UNEXPECTED, place.url, _status(place.exchange))


def _is_known(exchange: Exchange) -> bool:
    """Return whether an answer is a server error, a redirect, or that of a firewall."""
    is_redirect = exchange.answer is not None and target(exchange.answer) is not None
    return exchange.status >= 500 or is_redirect or exchange.intermediary is not None


def _status(exchange: Exchange) -> str:
    answer = exchange.answer
    fault = phrase(answer.fault.problem) if answer and answer.fault else ""
    values = {"status": exchange.status, "answer": fault or (gist(answer) if answer else "")}
    return gettext("%(status)d: %(answer)s") % values


def can_pass(walk: Walk) -> bool:
    return all_answered([walk.post, walk.get, *(place.exchange for place in walk.tried)])


STEP = Step(
    name="answers",
    title=_("Answers"),
    holds=_("no redirects, server errors or login pages where clients look, and fast enough"),
    entries=(
        *redirects.ENTRIES,
        ANSWER_FIREWALL,
        ANSWER_SERVER_ERROR,
        ANSWER_FORBIDDEN,
        ANSWER_BAD_REQUEST,
        ANSWER_UNEXPECTED,
        *delivery.ENTRIES,
    ),
    rules=(
        *redirects.RULES,
        replaced,
        server_errors,
        forbidden,
        bad_requests,
        unexpected,
        *delivery.RULES,
    ),
    can_pass=can_pass,
    is_about_answers=True,
)
