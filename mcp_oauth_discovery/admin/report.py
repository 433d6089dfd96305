"""A report of the doctor as a page shows it: causes first, each with its fix.

Templates escape markup. All text of the site is also escaped as for a terminal, because marks for
the direction of writing could reorder a line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.doctor import Client, EndpointReport, Finding, Report, Severity
from mcp_oauth_discovery.doctor.causes import Block, merged
from mcp_oauth_discovery.doctor.findings import affected, documentation
from mcp_oauth_discovery.doctor.output.structured import step_name
from mcp_oauth_discovery.doctor.output.text import MOST_OBSERVATIONS, MOST_URLS, summary
from mcp_oauth_discovery.doctor.output.words import labelled
from mcp_oauth_discovery.doctor.printing import readable, visible
from mcp_oauth_discovery.doctor.report import PROBLEMS
from mcp_oauth_discovery.doctor.steps import STEPS

_TITLES = {step.name: step.title for step in STEPS}


class Badge(NamedTuple):
    """A word in a colour: `level` is "error", "warning", "note" or "good"."""

    level: str
    text: str | Promise


_BADGES = {
    Severity.CRITICAL: Badge("error", gettext_lazy("Critical")),
    Severity.ERROR: Badge("error", gettext_lazy("Error")),
    Severity.WARNING: Badge("warning", gettext_lazy("Warning")),
    Severity.INFO: Badge("note", gettext_lazy("Information")),
}
_PASSED = Badge("good", gettext_lazy("Passed"))
_ABSENT = Badge("note", gettext_lazy("Not used"))
_SKIPPED = Badge("warning", gettext_lazy("Skipped"))
_OUTCOMES = {
    "stops": Badge("error", gettext_lazy("Stops")),
    "may stumble": Badge("warning", gettext_lazy("May fail")),
    "nothing found": Badge("good", gettext_lazy("No problems found")),
    "not judged": Badge("note", gettext_lazy("Not judged, because steps were skipped")),
}


class Observation(NamedTuple):
    """What the doctor saw and expected at some URLs; `more` is the number of other URLs."""

    seen: str
    expected: str
    urls: list[str]
    more: int


class Problem(NamedTuple):
    """Findings of one code with the same fix, and the codes that are their consequences."""

    code: str
    badge: Badge
    is_problem: bool
    fix: str
    observations: list[Observation]
    more: int
    clients: str
    explained: list[str]
    section: str
    documentation: str


class Line(NamedTuple):
    """The result of a step, or for a client: a badge, a text, and the endpoints that it is about.

    There are no endpoints if it is about all of them.
    """

    badge: Badge
    text: str
    urls: list[str]


def described(report: Report) -> dict[str, Any]:
    """Return the template context of a report; what several endpoints share is there once."""
    return {
        "report": report,
        "summary": summary(report),
        "endpoints": [visible(item.url) for item in report.reports],
        "problems": [_problem(block) for block in merged(item.blocks for item in report.reports)],
        "steps": _lines(report, _steps),
        "clients": _lines(report, _clients),
    }


def _problem(block: Block) -> Problem:
    first = block.first
    affects = {client for finding in block.findings for client in finding.clients}
    clients = tuple(client for client in Client if client in affects)
    is_problem = first.severity in PROBLEMS
    observations = _observations(block.findings)
    return Problem(
        first.code,
        _BADGES[first.severity],
        is_problem,
        _escaped(first.fix),
        observations[:MOST_OBSERVATIONS],
        len(observations[MOST_OBSERVATIONS:]),
        affected(clients, first.severity) if clients or is_problem else "",
        list(dict.fromkeys(part.first.code for part in block.explained)),
        first.section,
        documentation(first.code),
    )


def _observations(findings: Iterable[Finding]) -> list[Observation]:
    """Return each different observation once, with the URLs where it was made."""
    places: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for finding in findings:
        places[_escaped(finding.seen), _escaped(finding.expected)][visible(finding.subject)] = None
    return [
        Observation(*texts, list(islice(urls, MOST_URLS)), max(len(urls) - MOST_URLS, 0))
        for texts, urls in places.items()
    ]


def _lines(
    report: Report, lines_of: Callable[[EndpointReport], Iterable[tuple[Badge, str]]]
) -> list[Line]:
    """Return the lines of all endpoints; one that is true for all of them names none."""
    places: dict[tuple[Badge, str], list[str]] = defaultdict(list)
    for endpoint in report.reports:
        for line in lines_of(endpoint):
            places[line].append(visible(endpoint.url))
    everywhere = len(report.reports)
    return [Line(*line, [] if len(urls) == everywhere else urls) for line, urls in places.items()]


def _steps(endpoint: EndpointReport) -> Iterator[tuple[Badge, str]]:
    """Yield what passed, what the site does without, and what was skipped."""
    for finding in endpoint.findings:
        if finding.severity is Severity.PASS:
            badge = _PASSED if finding.code.endswith("-ok") else _ABSENT
            title = labelled(_(_TITLES[step_name(finding)]))
            yield badge, f"{title} {_escaped(finding.seen)}"
    for step in endpoint.skipped:
        yield _SKIPPED, f"{labelled(step.title)} {_escaped(step.reason)}"


def _clients(endpoint: EndpointReport) -> Iterator[tuple[Badge, str]]:
    """Yield what becomes of each client, and the codes that are the reason."""
    # A consequence is listed below its cause only, so the reason is the cause.
    causes: dict[str, dict[str, None]] = defaultdict(dict)
    for block in endpoint.blocks:
        for part in block.everything():
            causes[part.first.code][block.first.code] = None
    for verdict in endpoint.verdicts:
        codes = verdict.stopped_by or verdict.hindered_by
        reasons = ", ".join(dict.fromkeys(cause for code in codes for cause in causes[code]))
        name = verdict.client.value
        yield _OUTCOMES[verdict.outcome], f"{labelled(name)} {reasons}" if reasons else name


def _escaped(text: str) -> str:
    return "\n".join(readable(line) for line in text.split("\n"))
