"""Does everybody get the same, and also ten times in a row?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.walk.headers import AGENTS
from mcp_oauth_discovery.doctor.walk.observations import Again, Walk, all_ended
from mcp_oauth_discovery.doctor.walk.reading import is_html, read

AGENT_DEPENDENT = Entry(
    code="agent-dependent",
    severity=Severity.ERROR,
    seen="Some user agents get something else, or nothing.",
    expected="the same document for every User-Agent",
    section="RFC 9110 §10.1.5",
    clients=EVERY,
    fix="Let the firewall or bot protection pass /.well-known/ and the endpoint.",
)
BURST_LIMITED = Entry(
    code="burst-limited",
    severity=Severity.WARNING,
    seen="A handful of quick requests is too many.",
    expected="room for the ten requests of one client's walk",
    section="RFC 6585 §4",
    clients=EVERY,
    fix="Raise the limit: one sign-in makes about ten requests within a second.",
)
BURST_FAILS = Entry(
    code="burst-fails",
    severity=Severity.ERROR,
    seen="A handful of quick requests makes the server fail.",
    expected="the same answer each time",
    section="RFC 9110 §15.6",
    clients=EVERY,
    fix="Look for too few workers, or database connections that run out.",
)
BURST_DIFFERS = Entry(
    code="burst-differs",
    severity=Severity.ERROR,
    seen="The same request, made again, is answered in another way.",
    expected="the same document each time",
    section="RFC 9111 §4.2",
    clients=EVERY,
    fix="Look for an edge, a worker or a host that still has an older version.",
)


_OF_BURSTS = (BURST_LIMITED, BURST_FAILS, BURST_DIFFERS)


def agents(walk: Walk) -> Iterator[Finding]:
    """Report user agents that get something else; what happens to everybody is not about them."""
    usual = {BURST_LIMITED, *(kind for kind, _ in _differences(walk.burst))}
    for url in dict.fromkeys(one.before.url for one in walk.agents):
        odd = {}
        for one in walk.agents:
            difference = _difference(one) if one.before.url == url else None
            if difference and difference[0] not in usual:
                by = one.exchange.intermediary
                odd[one.agent] = f"{difference[1]} of {by.name}" if by else difference[1]
        if odd:
            told = ", ".join(f"{seen} to {agent or 'no User-Agent'}" for agent, seen in odd.items())
            clients = tuple(dict.fromkeys(AGENTS[agent] for agent in odd))
            yield finding(AGENT_DEPENDENT, url, f"{told}.", clients=clients)


def bursts(walk: Walk) -> Iterator[Finding]:
    """Report what is answered in another way when it is asked again at once."""
    found = _differences(walk.burst)
    found += [one for one in _differences(walk.agents) if one[0] is BURST_LIMITED]
    for kind in _OF_BURSTS:
        told = [seen for one, seen in found if one is kind]
        if told:
            asked = len(walk.burst) + (len(walk.agents) if kind is BURST_LIMITED else 0)
            seen = f"{told[0]} to {len(told)} of {asked} requests."
            yield finding(kind, walk.agents[0].before.url, seen)


def _differences(asked: list[Again]) -> list[tuple[Entry, str]]:
    return [difference for one in asked if (difference := _difference(one))]


def _difference(again: Again) -> tuple[Entry, str] | None:
    """Return how an answer is not the one that came before, and what it is instead."""
    before, outcome = again.before.answer, again.exchange.outcome
    if isinstance(outcome, Failure):
        is_asked = outcome.trouble is not Trouble.CUT
        return (BURST_FAILS, "no answer") if is_asked else None
    if outcome.status == 429:
        return BURST_LIMITED, "429"
    if outcome.status >= 500:
        return BURST_FAILS, f"{outcome.status}"
    if before is None or outcome.status != before.status:
        return BURST_DIFFERS, f"{outcome.status}"
    seen = _unlike(before, outcome) if outcome.status == 200 else ""
    return (BURST_DIFFERS, seen) if seen else None


def _unlike(before: Answer, after: Answer) -> str:
    """Return what a document has become, or "" where it is still the same."""
    members, told = read(before).members or {}, read(after).members
    if told is None:
        return "a page" if is_html(after) else "no JSON document"
    # Signed anew for each request.
    names = (members.keys() | told.keys()) - {"signed_metadata"}
    other = sorted(name for name in names if members.get(name) != told.get(name))
    return f"other values of {shown(', '.join(other))}" if other else ""


def _has_seen(walk: Walk) -> bool:
    repeated = (*walk.agents, *walk.burst)
    return bool(walk.burst) and all_ended(again.exchange for again in repeated)


STEP = Step(
    name="load",
    title="Clients and load",
    holds="every user agent gets the same, also several times in a row",
    entries=(
        AGENT_DEPENDENT,
        BURST_LIMITED,
        BURST_FAILS,
        BURST_DIFFERS,
    ),
    rules=(agents, bursts),
    has_seen=_has_seen,
)
