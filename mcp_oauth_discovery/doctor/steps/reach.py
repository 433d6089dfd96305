"""Does every address answer, and can clients on the Internet reach it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps import addresses
from mcp_oauth_discovery.doctor.steps.advice import OF_SPEECH, advised
from mcp_oauth_discovery.doctor.steps.exchanges import beyond, plain
from mcp_oauth_discovery.doctor.steps.outside import WRONG_HOST, readvised
from mcp_oauth_discovery.doctor.steps.values import urls_in
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.transport.reachability import host_of, is_exposed, is_private_host
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk, all_answered
from mcp_oauth_discovery.standards.members import ENDPOINTS

# Members whose URLs clients follow. Other members are links for people.
_NEEDED = {"resource", "authorization_servers", "issuer", *ENDPOINTS}

REACH_NAME = Entry(
    code="reach-name",
    severity=Severity.ERROR,
    seen=_("The host name does not resolve."),
    expected=_("a public DNS record for the host"),
    section="RFC 9110 §4.3.3",
    clients=EVERY,
    fix=_("Publish the DNS record of the host, or correct the host in the documents."),
    django_fix=_(
        "Publish the DNS record of the host, or correct the host in MCP_ISSUER and MCP_RESOURCE."
    ),
)
REACH_REFUSED = Entry(
    code="reach-refused",
    severity=Severity.ERROR,
    seen=_("Nothing answers at that host and port."),
    expected=_("an HTTP server"),
    section="RFC 9110 §4.3.3",
    clients=EVERY,
    fix=_(
        "Start the server, open its port, and check the address where the proxy in front listens."
    ),
)
REACH_TLS = Entry(
    code="reach-tls",
    severity=Severity.ERROR,
    seen=_("The TLS handshake fails."),
    expected=_("a certificate from a public authority, with its whole chain"),
    section="RFC 9110 §4.3.4",
    clients=EVERY,
    fix=_("Install a certificate for this host name, with the intermediate certificates."),
)
REACH_CUT = Entry(
    code="reach-cut",
    severity=Severity.WARNING,
    seen=_("The time for all requests is over; the remaining ones were not sent."),
    expected=_("about seventy answers within 25 seconds"),
    section="MCP authorization, discovery",
    clients=EVERY,
    fix=_(
        "Find out why the site answers slowly, or give the check more time, such as --budget 60."
    ),
)
REACH_TIMEOUT = Entry(
    code="reach-timeout",
    severity=Severity.ERROR,
    seen=_("The answer was not complete in time."),
    expected=_("a complete answer within seconds"),
    section="RFC 9110 §15.6.5",
    clients=EVERY,
    fix=_(
        "Look for a view that waits: for the database, for another server, or for a free worker."
    ),
    explains=(REACH_CUT.code,),
)
REACH_BROKEN = Entry(
    code="reach-broken",
    severity=Severity.ERROR,
    seen=_("The response is not valid HTTP, or is incomplete."),
    expected=_("a well-formed HTTP/1.1 response as long as its Content-Length says"),
    section="RFC 9112 §6",
    clients=EVERY,
    fix=_(
        "Request the URL from the application server directly. If that answer is complete, the "
        "proxy breaks it."
    ),
)
REACH_PLAIN_HTTP = Entry(
    code="reach-plain-http",
    severity=Severity.ERROR,
    seen=_("The URL is plain http on a host that is not loopback."),
    expected=_("https; http is for loopback hosts only"),
    section="MCP authorization, communication security",
    clients=EVERY,
    fix=_("Serve the site over TLS, and give clients the https URL."),
    explains=("as-endpoint-http", "prm-server-invalid", "redirect-offsite", "redirect-https"),
)
REACH_PRIVATE = Entry(
    code="reach-private",
    severity=Severity.ERROR,
    seen=_(
        "A document of a public site names a host with a private address; it was not contacted."
    ),
    expected=_("hosts that clients on the Internet can reach"),
    section="RFC 9728 §7.7",
    clients=EVERY,
    fix=_("Put the public host into the documents."),
    django_fix=_(
        "Put the public host into MCP_ISSUER, MCP_RESOURCE and MCP_AUTHORIZATION_SERVERS."
    ),
    explains=(
        "prm-resource-mismatch",
        "challenge-metadata-offsite",
        "challenge-metadata-http",
        "as-issuer-mismatch",
    ),
)

_ENTRY_OF = {
    Trouble.NAME: REACH_NAME,
    Trouble.REFUSED: REACH_REFUSED,
    Trouble.TLS: REACH_TLS,
    Trouble.TIMEOUT: REACH_TIMEOUT,
    Trouble.BROKEN: REACH_BROKEN,
    Trouble.PRIVATE: REACH_PRIVATE,
}
# What a mistake in the host of an issuer looks like.
_OF_WRONG_HOSTS = (Trouble.NAME, Trouble.REFUSED, Trouble.TIMEOUT)


def unreachable(walk: Walk) -> Iterator[Finding]:
    """Report an endpoint without an answer, which ends the check."""
    if walk.post is None or walk.post.answer is None:
        yield from failures(walk)
        yield from cut(walk)


def failures(walk: Walk) -> Iterator[Finding]:
    """Report each address without an answer."""
    for exchange in walk.exchanges():
        outcome = exchange.outcome
        if not isinstance(outcome, Failure) or outcome.trouble is Trouble.CUT:
            continue
        failure = finding(_ENTRY_OF[outcome.trouble], outcome.url, _reason(outcome))
        if outcome.trouble in _OF_WRONG_HOSTS:
            failure = readvised(walk, failure, gettext(WRONG_HOST))
        is_typed = outcome.url == walk.url
        advice = OF_SPEECH[outcome.speech] if outcome.speech else None
        yield advised(failure, advice, walk.url if is_typed else "")


def cut(walk: Walk) -> Iterator[Finding]:
    """Report once that the time for all requests is over.

    If what clients read was there in time, the site may be far away and healthy.
    """
    if outcome := _first_cut(plain(walk)):
        yield _over(outcome)
    elif outcome := _first_cut(beyond(walk)):
        yield replace(_over(outcome), severity=Severity.INFO, clients=())


def _over(outcome: Failure) -> Finding:
    """Return the finding that the time is over, with the seconds that this check had."""
    result = finding(REACH_CUT, outcome.url, _reason(outcome))
    if outcome.budget is None:
        return result
    # The entry has the default in all languages.
    expected = result.expected.replace(f"{BUDGET:g}", f"{outcome.budget:g}")
    return replace(result, expected=expected)


def _first_cut(exchanges: Iterable[Exchange]) -> Failure | None:
    outcomes = (exchange.outcome for exchange in exchanges)
    failures = (outcome for outcome in outcomes if isinstance(outcome, Failure))
    return next((outcome for outcome in failures if outcome.trouble is Trouble.CUT), None)


def _reason(outcome: Failure) -> str:
    return gettext("No answer: %(reason)s.") % {"reason": phrase(outcome.reason)}


def plain_http(walk: Walk) -> Iterator[Finding]:
    if is_exposed(walk.url):
        yield finding(REACH_PLAIN_HTTP, walk.url)


def private_hosts(walk: Walk) -> Iterator[Finding]:
    """Report hosts in the documents of a public site that are private by their name."""
    if is_private_host(host_of(walk.url)):
        return
    reported: set[str] = set()
    for document in walk.published:
        for member, url in urls_in(document.content):
            host = host_of(url)
            if host and is_private_host(host) and host not in reported:
                reported.add(host)
                text = gettext("%(member)s is %(url)s: this host is not on the Internet.")
                observation = text % {"member": shown(member), "url": shown(url)}
                clients = EVERY if member in _NEEDED else ()
                yield finding(REACH_PRIVATE, document.url, observation, clients=clients)


def can_pass(walk: Walk) -> bool:
    return not walk.in_process and all_answered(walk.exchanges())


def is_absent(walk: Walk) -> bool:
    """Return whether there are no connections, because the requests stay in this process."""
    return walk.in_process and all_answered(walk.exchanges())


STEP = Step(
    name="reach",
    title=_("Connection"),
    holds=_("clients reach each address, over TLS or on this machine"),
    entries=(
        REACH_NAME,
        REACH_REFUSED,
        REACH_TLS,
        REACH_TIMEOUT,
        REACH_BROKEN,
        REACH_PLAIN_HTTP,
        REACH_PRIVATE,
        *addresses.ENTRIES,
        REACH_CUT,
    ),
    rules=(failures, cut, plain_http, private_hosts, *addresses.RULES),
    can_pass=can_pass,
    lacks=_("the check without a URL connects to no address; run it with the URL as well"),
    is_absent=is_absent,
    is_about_answers=True,
)
