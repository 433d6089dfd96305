"""The findings as lines for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_oauth_discovery.doctor.clients import BASIS, Client
from mcp_oauth_discovery.doctor.findings import Finding, Severity, affected
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.steps import STEP_OF, STEPS

Paint = Callable[[str], str]
# How each severity is painted, and the headings under "heading".
Palette = Mapping[str, Paint]

_WIDTH = max(len(severity.value) for severity in Severity)
_STOPS = (Severity.CRITICAL, Severity.ERROR)


@dataclass(frozen=True)
class Verdict:
    """What the findings mean for a client: what stops it, what may, and by whose rules."""

    client: Client
    stopped_by: tuple[str, ...]
    hindered_by: tuple[str, ...]
    basis: str

    @property
    def outcome(self) -> str:
        """One of the three values in `--json`."""
        if self.stopped_by:
            return "stops"
        return "may stumble" if self.hindered_by else "nothing found"


@dataclass(frozen=True)
class Report:
    """The findings about one MCP endpoint."""

    url: str
    findings: tuple[Finding, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        return verdicts(self.findings)

    @property
    def counts(self) -> Counter[Severity]:
        return Counter(finding.severity for finding in self.findings)


def verdicts(findings: Sequence[Finding]) -> list[Verdict]:
    """Return a verdict for each client that the doctor knows."""
    return [
        Verdict(
            client,
            _codes(findings, client, _STOPS),
            _codes(findings, client, (Severity.WARNING,)),
            BASIS[client],
        )
        for client in Client
    ]


def _codes(
    findings: Sequence[Finding], client: Client, severities: Sequence[Severity]
) -> tuple[str, ...]:
    codes = [
        finding.code
        for finding in findings
        if client in finding.clients and finding.severity in severities
    ]
    return tuple(dict.fromkeys(codes))


def lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the lines of a report, with all text of the site escaped for a terminal."""
    yield palette["heading"](f"From {visible(report.url)}")
    for finding in report.findings:
        yield from _finding_lines(finding, palette)
    yield palette["heading"]("Clients")
    width = max(len(verdict.client.value) for verdict in report.verdicts)
    for verdict in report.verdicts:
        yield _verdict_line(verdict, width, palette)


def summary(counts: Mapping[Severity, int]) -> str:
    """Return how many problems there are, in words."""
    plurals = {
        Severity.CRITICAL: "critical",
        Severity.ERROR: "errors",
        Severity.WARNING: "warnings",
    }
    parts = [
        f"{counts[severity]} {severity.value if counts[severity] == 1 else plural}"
        for severity, plural in plurals.items()
        if counts.get(severity)
    ]
    return ", ".join(parts) or "no problems found"


def as_json(report: Report) -> dict[str, Any]:
    """Return a report for `--json`."""
    return {
        "url": report.url,
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "group": _step_name(finding),
                "subject": finding.subject,
                "seen": finding.seen,
                "expected": finding.expected,
                "section": finding.section,
                "clients": [client.value for client in finding.clients],
                "fix": finding.fix,
            }
            for finding in report.findings
        ],
        "clients": [
            {
                "name": verdict.client.value,
                "outcome": verdict.outcome,
                "stopped_by": list(verdict.stopped_by),
                "hindered_by": list(verdict.hindered_by),
                "judged_by": verdict.basis,
            }
            for verdict in report.verdicts
        ],
    }


def _step_name(finding: Finding) -> str:
    step = STEP_OF.get(finding.code)
    return step.name if step else finding.code.removesuffix("-ok").removesuffix("-none")


def _finding_lines(finding: Finding, palette: Palette) -> Iterator[str]:
    mark = palette[finding.severity.value](f"{_mark(finding):{_WIDTH}}")
    if finding.severity is Severity.PASS:
        titles = {step.name: step.title for step in STEPS}
        yield f"  {mark}  {titles[_step_name(finding)]}: {finding.seen}"
        return
    yield f"  {mark}  {finding.code}  {visible(finding.subject)}"
    texts = {
        "seen": finding.seen,
        "expected": f"{finding.expected} ({finding.section})",
        "clients": affected(finding.clients, finding.severity),
        "fix": finding.fix,
    }
    for name, text in texts.items():
        first, *rest = text.split("\n")
        yield f"  {'':{_WIDTH}}    {name + ':':10}{visible(first)}"
        for line in rest:
            yield f"  {'':{_WIDTH}}    {'':10}{visible(line)}"


def _mark(finding: Finding) -> str:
    if finding.severity is Severity.PASS:
        return "ok" if finding.code.endswith("-ok") else "none"
    return str(finding.severity.value)


def _verdict_line(verdict: Verdict, width: int, palette: Palette) -> str:
    if verdict.stopped_by:
        outcome = palette["error"]("stops")
    elif verdict.hindered_by:
        outcome = palette["warning"]("may fail")
    else:
        outcome = palette["pass"]("no problems found")
    codes = ", ".join(verdict.stopped_by or verdict.hindered_by)
    reason = f": {codes}" if codes else ""
    return f"  {verdict.client.value:{width}}  {outcome}{reason}  (by {verdict.basis})"
