"""A report as lines for people: the causes first, each with its fix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from types import MappingProxyType

from mcp_oauth_discovery.doctor.causes import Block, blocks, kind, merged
from mcp_oauth_discovery.doctor.clients import Client
from mcp_oauth_discovery.doctor.findings import Finding, Severity, affected, documentation
from mcp_oauth_discovery.doctor.output.structured import step_name
from mcp_oauth_discovery.doctor.output.wrapping import wrapped
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.report import PROBLEMS, EndpointReport, Report, Verdict
from mcp_oauth_discovery.doctor.steps import STEPS

Paint = Callable[[str], str]
# How each severity is painted, and "heading", "fix" and "section".
Palette = Mapping[str, Paint]

PLAIN: Palette = MappingProxyType(
    dict.fromkeys(("heading", "fix", "section", *(severity.value for severity in Severity)), str)
)
# How many URLs a list has, and how many different observations a block. The others are counted.
MOST_URLS = 8
MOST_OBSERVATIONS = 4
_MARK = max(len(severity.value) for severity in Severity)
_LABEL = len("Expected: ")
_COUNTED = {
    Severity.CRITICAL: ("critical problem", "critical problems"),
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
}
_TITLES = {step.name: step.title for step in STEPS}


def lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the lines of a report, with all text of the site escaped for a terminal.

    What is the same for several endpoints is printed once.
    """
    for url in _few([one.url for one in report.reports]):
        yield palette["heading"](f"From {visible(url)}")
    for block in _blocks(report):
        yield from _block_lines(block, palette)
        yield ""
    yield from _step_lines(report, palette)
    yield from _client_lines(report, palette)


def summary(report: Report) -> str:
    """Return a sentence: how many problems there are, and where to start."""
    printed = _blocks(report)
    kinds = {kind(part.first) for block in printed for part in block.everything()}
    counts = Counter(severity for _, severity, _ in kinds)
    parts = [
        f"{counts[severity]} {one if counts[severity] == 1 else several}"
        for severity, (one, several) in _COUNTED.items()
        if counts[severity]
    ]
    if parts:
        return f"{', '.join(parts)}. Start with {printed[0].first.code}."
    skipped = len({one.step for one in report.skipped})
    if not skipped:
        return "No problems found."
    rest = "1 step was" if skipped == 1 else f"{skipped} steps were"
    return f"No problems found in what was checked; {rest} skipped."


def _blocks(report: Report) -> list[Block]:
    return merged(one.blocks for one in report.reports)


def _block_lines(block: Block, palette: Palette) -> Iterator[str]:
    """Yield what is wrong, what to type, what was observed, and where to read more."""
    code, severity = block.first.code, block.first.severity
    is_problem = severity in PROBLEMS
    urls = len({finding.subject for finding in block.findings})
    where = f" at {urls} URLs" if urls > 1 else ""
    yield from _marked_lines(severity.value, f"{code}{where}", palette[severity.value])
    paint = palette["fix"] if is_problem else str
    yield from _field_lines("Fix" if is_problem else "Advice", block.first.fix, paint)
    yield from _observation_lines(block.findings)
    affects = {client for finding in block.findings for client in finding.clients}
    clients = tuple(client for client in Client if client in affects)
    if clients or is_problem:
        yield from _field_lines("Clients", affected(clients, severity))
    if block.explained:
        yield from _field_lines("Explains", _consequences(block))
    more = f"{block.first.section}\n{documentation(code)}"
    yield from _field_lines("See", more, palette["section"])


def _observation_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each different observation, and the URLs where it was made."""
    places: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for finding in findings:
        places[finding.seen, finding.expected][finding.subject] = None
    # Several observations at the same URLs need these URLs only once.
    observations: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for (text, expected), urls in places.items():
        observations[tuple(urls), expected].append(text)
    first = islice(observations.items(), MOST_OBSERVATIONS)
    for expected, alike in groupby(first, key=lambda observation: observation[0][1]):
        for (urls_of_all, _), texts in alike:
            yield from _field_lines("Seen", "\n".join(texts))
            yield from _field_lines("At", "\n".join(_few(urls_of_all)))
        yield from _field_lines("Expected", expected)
    if (more := len(observations) - MOST_OBSERVATIONS) > 0:
        yield from _field_lines("Seen", f"… and {more} more.")


def _consequences(block: Block) -> str:
    """Return the codes that a block explains, each with the number of its URLs."""
    urls: dict[str, set[str]] = defaultdict(set)
    for part in block.explained:
        urls[part.first.code].update(finding.subject for finding in part.findings)
    return ", ".join(
        f"{code} at {len(subjects)} URLs" if len(subjects) > 1 else code
        for code, subjects in urls.items()
    )


def _step_lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield a line for each step that passes, is about something absent, or was skipped."""
    passes: dict[tuple[str, str], list[str]] = defaultdict(list)
    skipped: dict[str, list[str]] = defaultdict(list)
    for one in report.reports:
        for finding in one.findings:
            if finding.severity is Severity.PASS:
                mark = "ok" if finding.code.endswith("-ok") else "none"
                passes[mark, f"{_TITLES[step_name(finding)]}: {finding.seen}"].append(one.url)
        titles: dict[str, list[str]] = defaultdict(list)
        for step in one.skipped:
            titles[step.reason].append(step.title)
        for reason, names in titles.items():
            skipped[f"{', '.join(names)}: {reason}"].append(one.url)
    for (mark, text), urls in passes.items():
        yield from _marked_lines(mark, f"{text}{_where(urls, report)}", palette["pass"])
    for text, urls in skipped.items():
        yield from _marked_lines("skipped", f"{text}{_where(urls, report)}")


def _where(urls: Sequence[str], report: Report) -> str:
    """Return the endpoints that a line is about, "" if it is about all of them."""
    return "" if len(urls) == len(report.reports) else f" (at {', '.join(_few(urls))})"


def _client_lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the verdicts, once for all endpoints with the same ones."""
    endpoints: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in report.reports:
        endpoints[tuple(_verdict_lines(one, palette))].append(one.url)
    for verdicts, urls in endpoints.items():
        yield palette["heading"](f"Clients{visible(_where(urls, report))}")
        yield from verdicts


def _verdict_lines(report: EndpointReport, palette: Palette) -> Iterator[str]:
    if report.skipped:
        yield "  Not judged, because steps were skipped."
        return
    causes: dict[str, dict[str, None]] = defaultdict(dict)
    # Findings that are known from a baseline have no block of the report, and still stop clients.
    for block in blocks(report.findings):
        for part in block.everything():
            causes[part.first.code][block.first.code] = None
    indent = 4 + max(len(client.value) for client in Client)
    for verdict in report.verdicts:
        outcome, paint, codes = _outcome(verdict)
        # The blocks above have the codes of causes: consequences are only listed beneath them.
        names = ", ".join(dict.fromkeys(cause for code in codes for cause in causes[code]))
        # Why this is the basis is in the documentation, and in JSON.
        basis = verdict.basis.partition(";")[0]
        text = f"{outcome}{f': {names}' if names else ''} (by {basis})"
        first, *rest = wrapped(text, indent)
        painted = palette[paint](outcome)
        yield f"  {verdict.client.value:{indent - 4}}  {painted}{first.removeprefix(outcome)}"
        yield from (f"{'':{indent}}{line}" for line in rest)


def _outcome(verdict: Verdict) -> tuple[str, str, tuple[str, ...]]:
    """Return what becomes of a client, how to paint it, and the codes that are the reason."""
    if verdict.stopped_by:
        return "stops", "error", verdict.stopped_by
    if verdict.hindered_by:
        return "may fail", "warning", verdict.hindered_by
    return "no problems found", "pass", ()


def _marked_lines(mark: str, text: str, paint: Paint = str) -> Iterator[str]:
    indent = 4 + _MARK
    first, *rest = wrapped(text, indent)
    yield f"  {paint(f'{mark:{_MARK}}')}  {first}"
    yield from (f"{'':{indent}}{line}" for line in rest)


def _field_lines(name: str, text: str, paint: Paint = str) -> Iterator[str]:
    label = f"{name}:"
    for line in wrapped(text, 4 + _LABEL):
        yield f"    {paint(f'{label:{_LABEL}}{line}')}"
        label = ""


def _few(urls: Sequence[str]) -> list[str]:
    """Return the first URLs; if there are more, with their number."""
    more = len(urls) - MOST_URLS
    return [*urls[:MOST_URLS], *([f"… and {more} more"] if more > 0 else [])]
