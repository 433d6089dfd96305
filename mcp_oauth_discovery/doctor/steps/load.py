"""Does everybody get the same, and also ten times in a row?"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.walk.headers import AGENTS
from mcp_oauth_discovery.doctor.walk.observations import Again, Walk
from mcp_oauth_discovery.doctor.walk.reading import is_html, read


class _Kind(str, Enum):
    """In what way an answer is not the one that came before."""

    LIMITED = "burst-limited"
    FAILED = "burst-fails"
    DIFFERS = "burst-differs"


def agents(walk: Walk) -> Iterator[Finding]:
    """Report user agents that get something else; what happens to everybody is not about them."""
    usual = {_Kind.LIMITED, *(kind for kind, _ in _differences(walk.burst))}
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
            yield finding("agent-dependent", url, f"{told}.", clients=clients)


def bursts(walk: Walk) -> Iterator[Finding]:
    """Report what is answered in another way when it is asked again at once."""
    found = _differences(walk.burst)
    found += [one for one in _differences(walk.agents) if one[0] is _Kind.LIMITED]
    for kind in _Kind:
        told = [seen for one, seen in found if one is kind]
        if told:
            asked = len(walk.burst) + (len(walk.agents) if kind is _Kind.LIMITED else 0)
            seen = f"{told[0]} to {len(told)} of {asked} requests."
            yield finding(kind.value, walk.agents[0].before.url, seen)


def _differences(asked: list[Again]) -> list[tuple[_Kind, str]]:
    return [difference for one in asked if (difference := _difference(one))]


def _difference(again: Again) -> tuple[_Kind, str] | None:
    """Return how an answer is not the one that came before, and what it is instead."""
    before, outcome = again.before.answer, again.exchange.outcome
    if isinstance(outcome, Failure):
        is_asked = outcome.trouble is not Trouble.CUT
        return (_Kind.FAILED, "no answer") if is_asked else None
    if outcome.status == 429:
        return _Kind.LIMITED, "429"
    if outcome.status >= 500:
        return _Kind.FAILED, f"{outcome.status}"
    if before is None or outcome.status != before.status:
        return _Kind.DIFFERS, f"{outcome.status}"
    seen = _unlike(before, outcome) if outcome.status == 200 else ""
    return (_Kind.DIFFERS, seen) if seen else None


def _unlike(before: Answer, after: Answer) -> str:
    """Return what a document has become, or "" where it is still the same."""
    members, told = read(before).members or {}, read(after).members
    if told is None:
        return "a page" if is_html(after) else "no JSON document"
    # Signed anew for each request.
    names = (members.keys() | told.keys()) - {"signed_metadata"}
    other = sorted(name for name in names if members.get(name) != told.get(name))
    return f"other values of {shown(', '.join(other))}" if other else ""


RULES = (agents, bursts)
