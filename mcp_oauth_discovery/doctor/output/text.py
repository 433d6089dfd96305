"""A report as lines for people: the causes first, each with its fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from mcp_oauth_discovery.doctor.causes import Block
from mcp_oauth_discovery.doctor.findings import Finding, Severity, affected, documentation
from mcp_oauth_discovery.doctor.output.structured import step_name
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.report import PROBLEMS, EndpointReport, Report, Verdict
from mcp_oauth_discovery.doctor.steps import STEPS

Paint = Callable[[str], str]
# How each severity is painted, and "heading", "fix" and "section".
Palette = Mapping[str, Paint]

PLAIN: Palette = MappingProxyType(
    dict.fromkeys(("heading", "fix", "section", *(severity.value for severity in Severity)), str)
)
_WIDTH = max(len(severity.value) for severity in Severity)
_PLURALS = {
    Severity.CRITICAL: "critical",
    Severity.ERROR: "errors",
    Severity.WARNING: "warnings",
}


def lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the lines of a report, with all text of the site escaped for a terminal."""
    for one in report.reports:
        yield from _endpoint_lines(one, palette)


def summary(report: Report) -> str:
    """Return a sentence: how many problems there are, and where to start."""
    told = [part for one in report.reports for block in one.blocks for part in block.everything()]
    counts = Counter(block.first.severity for block in told)
    parts = [
        f"{counts[severity]} {severity.value if counts[severity] == 1 else plural}"
        for severity, plural in _PLURALS.items()
        if counts[severity]
    ]
    if not parts:
        skipped = len(report.skipped)
        rest = f"; {skipped} {'step was' if skipped == 1 else 'steps were'} skipped"
        return f"No problems found{rest if skipped else ''}."
    start = next(block.first.code for block in told if block.first.severity in PROBLEMS)
    return f"{', '.join(parts)}. Start with {start}."


def _endpoint_lines(report: EndpointReport, palette: Palette) -> Iterator[str]:
    yield palette["heading"](f"From {visible(report.url)}")
    for block in report.blocks:
        yield from _block_lines(block, palette)
    for finding in report.findings:
        if finding.severity is Severity.PASS:
            yield _pass_line(finding, palette)
    for skipped in report.skipped:
        yield f"  {'skipped':{_WIDTH}}  {skipped.title}: {visible(skipped.reason)}"
    yield palette["heading"]("Clients")
    if report.skipped:
        yield "  Not judged, because steps were skipped."
        return
    width = max(len(verdict.client.value) for verdict in report.verdicts)
    for verdict in report.verdicts:
        yield _verdict_line(verdict, width, palette)


def _block_lines(block: Block, palette: Palette) -> Iterator[str]:
    finding = block.first
    mark = palette[finding.severity.value](f"{finding.severity.value:{_WIDTH}}")
    yield f"  {mark}  {finding.code}  {visible(finding.subject)}"
    texts = {
        "Fix": finding.fix,
        "Seen": finding.seen,
        "Expected": finding.expected,
        "Clients": affected(finding.clients, finding.severity),
    }
    for name, text in texts.items():
        first, *rest = text.split("\n")
        yield f"  {'':{_WIDTH}}    {name + ':':10}{visible(first)}"
        for line in rest:
            yield f"  {'':{_WIDTH}}    {'':10}{visible(line)}"
    yield palette["section"](f"{finding.section}, {documentation(finding.code)}")


def _pass_line(finding: Finding, palette: Palette) -> str:
    titles = {step.name: step.title for step in STEPS}
    mark = palette["pass"](f"{'ok' if finding.code.endswith('-ok') else 'none':{_WIDTH}}")
    return f"  {mark}  {titles[step_name(finding)]}: {finding.seen}"


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
