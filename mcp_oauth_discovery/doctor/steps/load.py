"""Does every user agent get the same answer, also ten times in a row?"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY
from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.walk.headers import AGENTS
from mcp_oauth_discovery.doctor.walk.observations import Again, Walk, all_ended
from mcp_oauth_discovery.doctor.walk.probes import ask_as_other_agents, ask_in_a_burst
from mcp_oauth_discovery.doctor.walk.reading import is_html, read

AGENT_DEPENDENT = Entry(
    code="agent-dependent",
    severity=Severity.ERROR,
    seen=_("Some user agents get a different answer, or none."),
    expected=_("the same document for every User-Agent"),
    section="RFC 9110 §10.1.5",
    clients=EVERY,
    fix=_("Have the firewall or bot protection let /.well-known/ and the endpoint pass."),
)
BURST_LIMITED = Entry(
    code="burst-limited",
    severity=Severity.WARNING,
    seen=_("Ten quick requests reach a rate limit."),
    expected=_("room for the ten requests of one client's sign-in"),
    section="RFC 6585 §4",
    clients=EVERY,
    fix=_(
        "Raise the rate limit of the site: one sign-in makes about ten requests within a second."
    ),
)
BURST_FAILS = Entry(
    code="burst-fails",
    severity=Severity.ERROR,
    seen=_("Ten quick requests make the server fail."),
    expected=_("the same answer each time"),
    section="RFC 9110 §15.6",
    clients=EVERY,
    fix=_("Look for too few workers, or database connections that run out."),
)
BURST_DIFFERS = Entry(
    code="burst-differs",
    severity=Severity.ERROR,
    seen=_("The same request gets a different answer when it is repeated."),
    expected=_("the same document each time"),
    section="RFC 9111 §4.2",
    clients=EVERY,
    fix=_("Look for an edge, a worker or a host that still serves an older version."),
)


_OF_BURSTS = (BURST_LIMITED, BURST_FAILS, BURST_DIFFERS)


def agents(walk: Walk) -> Iterator[Finding]:
    """Report user agents with a different answer, unless the burst got it as well."""
    usual = {BURST_LIMITED, *(entry for entry, _ in _differences(walk.burst))}
    for url in dict.fromkeys(again.before.url for again in walk.agents):
        differing = {}
        for again in walk.agents:
            difference = _difference(again) if again.before.url == url else None
            if difference and difference[0] not in usual:
                differing[again.agent] = _answer_to(again, difference[1])
        if differing:
            clients = tuple(dict.fromkeys(AGENTS[name] for name in differing))
            answers = ", ".join(differing.values())
            yield finding(AGENT_DEPENDENT, url, f"{answers}.", clients=clients)


def _answer_to(again: Again, answer: str) -> str:
    """Return an answer, with the service that gave it and the user agent that got it."""
    if service := again.exchange.intermediary:
        values = {"answer": answer, "service": service.name}
        answer = gettext("%(answer)s of %(service)s") % values
    if not again.agent:
        return gettext("%(answer)s to no User-Agent") % {"answer": answer}
    return gettext("%(answer)s to %(agent)s") % {"answer": answer, "agent": again.agent}


def bursts(walk: Walk) -> Iterator[Finding]:
    """Report a different answer to a request that is repeated quickly."""
    differences = _differences(walk.burst)
    differences += [pair for pair in _differences(walk.agents) if pair[0] is BURST_LIMITED]
    for entry in _OF_BURSTS:
        answers = [text for kind, text in differences if kind is entry]
        if answers:
            total = len(walk.burst) + (len(walk.agents) if entry is BURST_LIMITED else 0)
            text = gettext("%(answer)s to %(count)d of %(total)d requests.")
            values = {"answer": answers[0], "count": len(answers), "total": total}
            yield finding(entry, walk.agents[0].before.url, text % values)


def _differences(repeated: list[Again]) -> list[tuple[Entry, str]]:
    return [difference for again in repeated if (difference := _difference(again))]


def _difference(again: Again) -> tuple[Entry, str] | None:
    """Return how an answer differs from the one before, and what it is instead."""
    before, outcome = again.before.answer, again.exchange.outcome
    if isinstance(outcome, Failure):
        is_sent = outcome.trouble is not Trouble.CUT
        return (BURST_FAILS, gettext("no answer")) if is_sent else None
    if outcome.status == 429:
        return BURST_LIMITED, "429"
    if outcome.status >= 500:
        return BURST_FAILS, f"{outcome.status}"
    if before is None or outcome.status != before.status:
        return BURST_DIFFERS, f"{outcome.status}"
    change = _change(before, outcome) if outcome.status == 200 else ""
    return (BURST_DIFFERS, change) if change else None


def _change(before: Answer, after: Answer) -> str:
    """Return what a document has become, or "" if it is still the same."""
    if after.body == before.body:
        return ""
    members, later = read(before).members or {}, read(after).members
    if later is None:
        return gettext("a page") if is_html(after) else gettext("something other than JSON")
    # Each request gets a new signature.
    names = (members.keys() | later.keys()) - {"signed_metadata"}
    other = sorted(name for name in names if members.get(name) != later.get(name))
    text = gettext("different values of %(names)s")
    return text % {"names": shown(", ".join(other))} if other else ""


def can_pass(walk: Walk) -> bool:
    repeated = (*walk.agents, *walk.burst)
    return bool(walk.burst) and all_ended(again.exchange for again in repeated)


STEP = Step(
    name="load",
    title=_("Clients and load"),
    holds=_("every user agent gets the same document, also ten times in a row"),
    entries=(
        AGENT_DEPENDENT,
        BURST_LIMITED,
        BURST_FAILS,
        BURST_DIFFERS,
    ),
    rules=(agents, bursts),
    can_pass=can_pass,
    probes=(
        ask_as_other_agents,
        ask_in_a_burst,
    ),
)
