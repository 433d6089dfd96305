"""Was every address reached, and is it one that the Internet can reach?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.advice import OF_SPEECH, advised
from mcp_oauth_discovery.doctor.steps.values import urls_in
from mcp_oauth_discovery.doctor.transport.messages import Failure, Trouble
from mcp_oauth_discovery.doctor.transport.reachability import host_of, is_exposed, is_private_host
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.members import ENDPOINTS

# What clients follow, other than links for people to read.
_NEEDED = {"resource", "authorization_servers", "issuer", *ENDPOINTS}


def unreachable(walk: Walk) -> Iterator[Finding]:
    """Report an endpoint without an answer, which ends the walk."""
    if walk.post is None or walk.post.answer is None:
        yield from failures(walk)


def failures(walk: Walk) -> Iterator[Finding]:
    """Report each address without an answer; the end of all time once."""
    is_cut = False
    for exchange in walk.exchanges():
        outcome = exchange.outcome
        if not isinstance(outcome, Failure) or (is_cut and outcome.trouble is Trouble.CUT):
            continue
        is_cut = is_cut or outcome.trouble is Trouble.CUT
        seen = f"No answer: {shown(outcome.reason)}."
        failure = finding(f"reach-{outcome.trouble.value}", outcome.url, seen)
        yield advised(failure, OF_SPEECH[outcome.speech] if outcome.speech else None)


def plain_http(walk: Walk) -> Iterator[Finding]:
    if is_exposed(walk.url):
        yield finding("reach-plain-http", walk.url)


def private_hosts(walk: Walk) -> Iterator[Finding]:
    """Report hosts in the documents of a public site that are private by their very name."""
    if is_private_host(host_of(walk.url)):
        return
    reported: set[str] = set()
    for document in walk.published:
        for member, url in urls_in(document.told):
            host = host_of(url)
            if host and is_private_host(host) and host not in reported:
                reported.add(host)
                seen = f"{shown(member)} is {shown(url)}: that host is not one of the Internet."
                clients = EVERY if member in _NEEDED else ()
                yield finding("reach-private", document.url, seen, clients=clients)


RULES = (failures, plain_http, private_hosts)
