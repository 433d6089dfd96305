"""From observations to findings: apply the rules of the selected steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import (
    Finding,
    Severity,
    Skipped,
    Step,
    absent,
    for_django,
    passed,
)
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.report import EndpointReport
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEP_OF, STEPS
from mcp_oauth_discovery.doctor.steps.check import failed
from mcp_oauth_discovery.doctor.steps.exchanges import beyond
from mcp_oauth_discovery.doctor.steps.reach import unreachable
from mcp_oauth_discovery.doctor.walk.fingerprint import fits_django
from mcp_oauth_discovery.doctor.walk.observations import Walk, all_answered, is_cut
from mcp_oauth_discovery.doctor.walk.probes import Probes

# How many findings of one code at one URL are reported in full. One more counts the rest.
MOST_ALIKE = 5
_LEFT_OUT = _("left out by --only or --skip")


@dataclass(frozen=True)
class Selection:
    """The selected codes and steps; without `only`, all that are not skipped."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def wants(self, code: str) -> bool:
        """Return whether a code is selected."""
        names = {code, STEP_OF[code].name}
        return not names & self.skip and (not self.only or bool(names & self.only))

    def wants_all(self, step: Step) -> bool:
        """Return whether every code of a step is selected."""
        return all(self.wants(entry.code) for entry in step.entries)

    def probes(self) -> Probes:
        """Return the requests that the selected steps need beyond the documents."""
        return {
            step.name: step.probes
            for step in STEPS
            if any(self.wants(entry.code) for entry in step.entries)
        }


def unknown(names: Iterable[str]) -> list[str]:
    """Return the names that are neither a code nor a step."""
    known = {*ENTRIES, *(step.name for step in STEPS)}
    return sorted(name for name in names if name not in known)


def examined(walk: Walk, selection: Selection) -> EndpointReport:
    """Return the report: the findings in the order of the steps, and what becomes of the others.

    A step without findings passes, is about something that the site does without, or is skipped.
    """
    # Report these whatever is selected: without the endpoint, no other step ran.
    always = set(unreachable(walk))
    is_django = fits_django(walk)
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for step in STEPS:
        before = len(walk.mishaps)
        results = _results(step, walk)
        is_silent = not results and len(walk.mishaps) == before
        always.update(failed(walk))
        wanted = [result for result in results if selection.wants(result.code) or result in always]
        findings += abridged(
            [for_django(result) if is_django(result.subject) else result for result in wanted]
        )
        if not selection.wants_all(step):
            skipped.append(_skipped(step, gettext(_LEFT_OUT)))
        elif is_silent and step.can_pass(walk):
            findings.append(passed(step, walk.url))
        elif is_silent and step.is_absent(walk):
            findings.append(absent(step, walk.url))
        elif is_silent or (_are_notes(results) and not step.can_pass(walk) and step.skipped(walk)):
            skipped.append(_skipped(step, _reason(step, walk)))
    return EndpointReport(walk.url, tuple(findings), tuple(skipped))


def _are_notes(results: Sequence[Finding]) -> bool:
    """Return whether no result is a problem."""
    return bool(results) and all(result.severity is Severity.INFO for result in results)


def _skipped(step: Step, reason: str) -> Skipped:
    return Skipped(step.name, gettext(step.title), reason)


def _reason(step: Step, walk: Walk) -> str:
    """Return why a step was not reached."""
    if not all_answered([walk.post]):
        return gettext("the MCP endpoint does not answer")
    if any(is_cut(exchange) for exchange in (*walk.exchanges(), *beyond(walk))):
        return gettext("the time for all requests is over")
    if reason := step.skipped(walk):
        return reason
    if walk.published:
        return gettext("not all of its requests were answered")
    return gettext("no document was found")


def _results(step: Step, walk: Walk) -> list[Finding]:
    """Return the findings of a step, each once; a rule that fails may leave some out."""
    results: list[Finding] = []
    for rule in step.rules:
        with Noted(walk.mishaps, _("the rules of %(name)s"), step.name):
            results += rule(walk)
    if step.is_about_answers:
        unused = walk.passed_by
        results = [_softened(result) if result.subject in unused else result for result in results]
    return list(dict.fromkeys(results))


def _softened(result: Finding) -> Finding:
    """Return a finding that is not an error, because no client requests this address."""
    if result.severity is not Severity.ERROR:
        return result
    return replace(result, severity=Severity.INFO, clients=())


def abridged(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings; of many with the same code and URL, the first few and a count."""
    alike: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for result in findings:
        alike[result.code, result.subject].append(result)
    kept: list[Finding] = []
    places: dict[tuple[str, str], int] = defaultdict(int)
    for result in findings:
        key = result.code, result.subject
        if places[key] < MOST_ALIKE:
            kept.append(result)
        elif places[key] == MOST_ALIKE:
            kept.append(_counted(alike[key][MOST_ALIKE:]))
        places[key] += 1
    return kept


def _counted(rest: Sequence[Finding]) -> Finding:
    """Return one finding for several, with every client that any of them affects."""
    affected = {client for result in rest for client in result.clients}
    clients = tuple(client for client in Client if client in affected)
    first = rest[0]
    text = ngettext("… and %(count)d more.", "… and %(count)d more.", len(rest))
    result = replace(first, seen=text % {"count": len(rest)}, clients=clients)
    if all(other.fix == first.fix for other in rest):
        return result
    # Each fix names a member of its own, and that of the entry does not.
    entry = ENTRIES[first.code]
    result = replace(result, fix=gettext(entry.fix), django_fix=gettext(entry.django_fix))
    return for_django(result) if first.fix == first.django_fix else result
