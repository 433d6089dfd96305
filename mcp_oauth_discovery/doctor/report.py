"""The findings as lines for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_oauth_discovery.doctor.catalogue import GROUP_OF, GROUPS
from mcp_oauth_discovery.doctor.findings import Finding, Severity, whom
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.verdicts import Verdict, verdicts

Paint = Callable[[str], str]
# How each severity is painted, and the headings under "heading".
Palette = Mapping[str, Paint]

_WIDTH = max(len(severity.value) for severity in Severity)


@dataclass(frozen=True)
class Report:
    """What was found on the walk from one MCP endpoint."""

    url: str
    findings: tuple[Finding, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        return verdicts(self.findings)

    @property
    def counts(self) -> Counter[Severity]:
        return Counter(finding.severity for finding in self.findings)


def lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield a report line by line; nothing of the other side reaches a terminal unescaped."""
    yield palette["heading"](f"From {visible(report.url)}")
    for finding in report.findings:
        yield from _finding(finding, palette)
    yield palette["heading"]("Clients")
    width = max(len(verdict.client.value) for verdict in report.verdicts)
    for verdict in report.verdicts:
        yield _verdict(verdict, width, palette)


def summary(counts: Mapping[Severity, int]) -> str:
    """Return the numbers of what was found, in words."""
    told = [
        f"{counts[severity]} {_noun(severity, counts[severity])}"
        for severity in (Severity.CRITICAL, Severity.ERROR, Severity.WARNING)
        if counts.get(severity)
    ]
    return ", ".join(told) or "nothing found"


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as a program reads it."""
    return {
        "url": report.url,
        "findings": [_finding_as_json(finding) for finding in report.findings],
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


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "group": _group(finding),
        "subject": finding.subject,
        "seen": finding.seen,
        "expected": finding.expected,
        "section": finding.section,
        "clients": [client.value for client in finding.clients],
        "fix": finding.fix,
    }


def _group(finding: Finding) -> str:
    group = GROUP_OF.get(finding.code)
    return group.name if group else finding.code.removesuffix("-ok")


def _finding(finding: Finding, palette: Palette) -> Iterator[str]:
    mark = palette[finding.severity.value](_mark(finding.severity))
    if finding.severity is Severity.PASS:
        yield f"  {mark}  {_titles()[_group(finding)]}: {finding.seen}"
        return
    yield f"  {mark}  {finding.code}  {visible(finding.subject)}"
    told = {
        "seen": finding.seen,
        "expected": f"{finding.expected} ({finding.section})",
        "clients": whom(finding.clients, finding.severity),
        "fix": finding.fix,
    }
    for name, text in told.items():
        first, *rest = text.split("\n")
        yield f"  {'':{_WIDTH}}    {name + ':':10}{visible(first)}"
        for line in rest:
            yield f"  {'':{_WIDTH}}    {'':10}{visible(line)}"


def _verdict(verdict: Verdict, width: int, palette: Palette) -> str:
    paint = {"stops": "error", "may stumble": "warning"}.get(verdict.outcome, "pass")
    codes = ", ".join(verdict.stopped_by or verdict.hindered_by)
    told = f": {codes}" if codes else ""
    outcome = palette[paint](verdict.outcome)
    return f"  {verdict.client.value:{width}}  {outcome}{told}  (by {verdict.basis})"


def _mark(severity: Severity) -> str:
    return f"{'ok' if severity is Severity.PASS else severity.value:{_WIDTH}}"


def _titles() -> dict[str, str]:
    return {group.name: group.title for group in GROUPS}


def _noun(severity: Severity, count: int) -> str:
    if severity is Severity.CRITICAL:
        return "critical"
    return severity.value if count == 1 else f"{severity.value}s"
