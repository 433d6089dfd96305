"""A report as lines for people: the causes first, each with its fix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from types import MappingProxyType

from mcp_oauth_discovery.doctor.causes import Block, blocks, kind, merged
from mcp_oauth_discovery.doctor.clients import Client, source
from mcp_oauth_discovery.doctor.findings import Finding, Severity, affected, documentation
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.output import words
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
_LABELS = (
    words.FIX,
    words.ADVICE,
    words.SEEN,
    words.AT,
    words.EXPECTED,
    words.CLIENTS,
    words.EXPLAINS,
    words.SEE,
)
# What becomes of a client.
_STOPS, _MAY_FAIL, _NO_PROBLEMS = _("stops"), _("may fail"), _("no problems found")
_TITLES = {step.name: step.title for step in STEPS}


def lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the lines of a report, with all text of the site escaped for a terminal.

    What is the same for several endpoints is printed once.
    """
    for url in few([one.url for one in report.reports]):
        # Translators: the MCP endpoint at which the check begins.
        yield palette["heading"](gettext("From %(url)s") % {"url": visible(url)})
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
    parts = [_counted(severity, counts[severity]) for severity in PROBLEMS if counts[severity]]
    if parts:
        text = gettext("%(counts)s. Start with %(code)s.")
        return text % {"counts": ", ".join(parts), "code": printed[0].first.code}
    skipped = len({one.step for one in report.skipped})
    if not skipped:
        return gettext("No problems found.")
    text = ngettext(
        "No problems found in what was checked; %(count)d step was skipped.",
        "No problems found in what was checked; %(count)d steps were skipped.",
        skipped,
    )
    return text % {"count": skipped}


def _counted(severity: Severity, number: int) -> str:
    """Return the number of problems of one severity, in words."""
    if severity is Severity.CRITICAL:
        text = ngettext("%(count)d critical problem", "%(count)d critical problems", number)
    elif severity is Severity.ERROR:
        text = ngettext("%(count)d error", "%(count)d errors", number)
    else:
        text = ngettext("%(count)d warning", "%(count)d warnings", number)
    return text % {"count": number}


def _blocks(report: Report) -> list[Block]:
    return merged(one.blocks for one in report.reports)


def _block_lines(block: Block, palette: Palette) -> Iterator[str]:
    """Yield what is wrong, what to type, what was observed, and where to read more."""
    code, severity = block.first.code, block.first.severity
    is_problem = severity in PROBLEMS
    urls = len({finding.subject for finding in block.findings})
    mark = words.severity_word(severity)
    yield from _marked_lines(mark, _at_urls(code, urls), palette[severity.value])
    paint = palette["fix"] if is_problem else str
    yield from _field_lines(words.FIX if is_problem else words.ADVICE, block.first.fix, paint)
    yield from _observation_lines(block.findings)
    affects = {client for finding in block.findings for client in finding.clients}
    clients = tuple(client for client in Client if client in affects)
    if clients or is_problem:
        yield from _field_lines(words.CLIENTS, affected(clients, severity))
    if block.explained:
        yield from _field_lines(words.EXPLAINS, _consequences(block))
    more = f"{block.first.section}\n{documentation(code)}"
    yield from _field_lines(words.SEE, more, palette["section"])


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
        for (urls_of_all, _expected), texts in alike:
            yield from _field_lines(words.SEEN, "\n".join(texts))
            yield from _field_lines(words.AT, "\n".join(few(urls_of_all)))
        yield from _field_lines(words.EXPECTED, expected)
    if (more := len(observations) - MOST_OBSERVATIONS) > 0:
        text = ngettext("… and %(count)d more.", "… and %(count)d more.", more)
        yield from _field_lines(words.SEEN, text % {"count": more})


def _consequences(block: Block) -> str:
    """Return the codes that a block explains, each with the number of its URLs."""
    urls: dict[str, set[str]] = defaultdict(set)
    for part in block.explained:
        urls[part.first.code].update(finding.subject for finding in part.findings)
    return ", ".join(_at_urls(code, len(subjects)) for code, subjects in urls.items())


def _at_urls(code: str, urls: int) -> str:
    """Return a code, with the number of its URLs if it has several."""
    if urls == 1:
        return code
    text = ngettext("%(code)s at %(count)d URL", "%(code)s at %(count)d URLs", urls)
    return text % {"code": code, "count": urls}


def _step_lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield a line for each step that passes, is about something absent, or was skipped."""
    passes: dict[tuple[str, str], list[str]] = defaultdict(list)
    skipped: dict[str, list[str]] = defaultdict(list)
    for one in report.reports:
        for finding in one.findings:
            if finding.severity is Severity.PASS:
                mark = words.OK if finding.code.endswith("-ok") else words.NONE
                title = words.labelled(gettext(_TITLES[step_name(finding)]))
                passes[gettext(mark), f"{title} {finding.seen}"].append(one.url)
        titles: dict[str, list[str]] = defaultdict(list)
        for step in one.skipped:
            titles[step.reason].append(step.title)
        for reason, names in titles.items():
            skipped[f"{words.labelled(', '.join(names))} {reason}"].append(one.url)
    for (mark, text), urls in passes.items():
        yield from _marked_lines(mark, f"{text}{_where(urls, report)}", palette["pass"])
    for text, urls in skipped.items():
        mark = gettext(words.SKIPPED)
        yield from _marked_lines(mark, f"{text}{_where(urls, report)}")


def _where(urls: Sequence[str], report: Report) -> str:
    """Return the endpoints that a line is about, "" if it is about all of them."""
    if len(urls) == len(report.reports):
        return ""
    # Translators: the endpoints that a line of the report is about.
    text = gettext("(at %(urls)s)") % {"urls": ", ".join(few(urls))}
    return f" {text}"


def _client_lines(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the verdicts, once for all endpoints with the same ones."""
    endpoints: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in report.reports:
        endpoints[tuple(_verdict_lines(one, palette))].append(one.url)
    for verdicts, urls in endpoints.items():
        yield palette["heading"](f"{gettext(words.CLIENTS)}{_where(urls, report)}")
        yield from verdicts


def _verdict_lines(report: EndpointReport, palette: Palette) -> Iterator[str]:
    if report.skipped:
        text = gettext("Not judged, because steps were skipped")
        yield f"  {text}."
        return
    causes: dict[str, dict[str, None]] = defaultdict(dict)
    # Findings that are known from a baseline have no block of the report, and still stop clients.
    for block in blocks(report.findings):
        for part in block.everything():
            causes[part.first.code][block.first.code] = None
    indent = 4 + max(len(client.value) for client in Client)
    for verdict in report.verdicts:
        word, paint, codes = _outcome(verdict)
        outcome = gettext(word)
        # The blocks above have the codes of causes: consequences are only listed beneath them.
        names = ", ".join(dict.fromkeys(cause for code in codes for cause in causes[code]))
        # Translators: the source is that of what is known about a client, such as its source code.
        text = gettext("%(outcome)s (by %(source)s)")
        if names:
            text = gettext("%(outcome)s: %(codes)s (by %(source)s)")
        # When it was read, or why there is no better one, is in the documentation, and in JSON.
        values = {"outcome": outcome, "codes": names, "source": source(verdict.client)}
        first, *rest = wrapped(text % values, indent)
        painted = first.replace(outcome, palette[paint](outcome), 1)
        yield f"  {verdict.client.value:{indent - 4}}  {painted}"
        yield from (f"{'':{indent}}{line}" for line in rest)


def _outcome(verdict: Verdict) -> tuple[str, str, tuple[str, ...]]:
    """Return what becomes of a client, how to paint it, and the codes that are the reason."""
    if verdict.stopped_by:
        return _STOPS, "error", verdict.stopped_by
    if verdict.hindered_by:
        return _MAY_FAIL, "warning", verdict.hindered_by
    return _NO_PROBLEMS, "pass", ()


def _marked_lines(mark: str, text: str, paint: Paint = str) -> Iterator[str]:
    width = words.mark_width()
    indent = 4 + width
    first, *rest = wrapped(text, indent)
    yield f"  {paint(f'{mark:{width}}')}  {first}"
    yield from (f"{'':{indent}}{line}" for line in rest)


def _field_lines(name: str, text: str, paint: Paint = str) -> Iterator[str]:
    label, width = words.labelled(gettext(name)), words.label_width(_LABELS) + 1
    for line in wrapped(text, 4 + width):
        yield f"    {paint(f'{label:{width}}{line}')}"
        label = ""


def few(urls: Sequence[str]) -> list[str]:
    """Return the first URLs, escaped; if there are more, with their number."""
    shown = [visible(url) for url in urls[:MOST_URLS]]
    if (more := len(urls) - MOST_URLS) > 0:
        text = ngettext("… and %(count)d more", "… and %(count)d more", more)
        shown.append(text % {"count": more})
    return shown
