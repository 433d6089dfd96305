"""`mcp_discovery check`: its options, and its report in each format."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from mcp_oauth_discovery.doctor.arguments import checked_seconds
from mcp_oauth_discovery.doctor.baseline import Baseline, Comparison, compared, read_baseline
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.output import structured, text
from mcp_oauth_discovery.doctor.output.junit import as_junit
from mcp_oauth_discovery.doctor.output.sarif import as_sarif
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.report import FAILURES, Report
from mcp_oauth_discovery.doctor.run import PAGE
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT

TEXT, JSON, SARIF, JUNIT = FORMATS = ("text", "json", "sarif", "junit")
# More of them are a new baseline, not a list to read.
_MOST_GONE = 10


def add_check_arguments(check: CommandParser) -> None:
    """Add the options of the subcommand, without those that others have too."""
    words = _("the MCP endpoint to check over HTTP; default: this project's")
    check.add_argument("url", nargs="?", help=words)
    words = _("the origin to test CORS with (%(default)s)")
    check.add_argument("--origin", default=PAGE, help=words)
    for name, words in (
        ("--only", _("check only these codes or groups (comma-separated)")),
        ("--skip", _("skip these codes or groups (comma-separated)")),
    ):
        check.add_argument(name, action="append", default=[], metavar="CODES", help=words)
    check.add_argument("--strict", action="store_true", help=_("fail on warnings too"))
    words = _(
        "the file with a token to send as well, or - for standard input: which rules refuse it?"
    )
    check.add_argument("--token-file", metavar="FILE", help=words)
    words = _("the form of the report (text); --json means --format json")
    check.add_argument("--format", dest="form", choices=FORMATS, help=words)
    words = _("a report of check --json: the problems that it has do not fail this check")
    check.add_argument("--baseline", type=Path, metavar="FILE", help=words)
    for name, limit, words in (
        ("--timeout", TIMEOUT, _("seconds for each answer (%(default)g)")),
        ("--budget", BUDGET, _("seconds for all answers (%(default)g)")),
    ):
        check.add_argument(name, type=_seconds, default=limit, metavar="SECONDS", help=words)


@dataclass(frozen=True)
class Check:
    """A report, and what the options make of it."""

    report: Report
    comparison: Comparison | None
    is_strict: bool

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings with which the command fails."""
        new = self.comparison.new_problems if self.comparison else self.report.problems
        return tuple(one for one in new if self.is_strict or one.severity in FAILURES)

    def document(self, form: str) -> str:
        """Return the report in a format for programs."""
        if form == JUNIT:
            return as_junit(self.report, self.failures)
        if form == SARIF:
            return json.dumps(as_sarif(self.report, self.comparison), indent=2)
        ok = not self.failures
        document = structured.as_json(self.report, ok=ok, comparison=self.comparison)
        return json.dumps(document, indent=2)

    def lines(self, palette: text.Palette) -> Iterator[str]:
        """Yield the report for people, without its last line."""
        yield from text.lines(self.report, palette)
        if self.comparison:
            yield from _comparison_lines(self.comparison)

    def summary(self) -> str:
        """Return the last line."""
        comparison = self.comparison
        if comparison and comparison.known_problems and not comparison.new_problems:
            # A report beside a baseline is in English.
            known = len(comparison.known_problems)
            problems = "1 known problem" if known == 1 else f"{known} known problems"
            return f"No new problems found; {problems}."
        return text.summary(self.report)


def check_of(report: Report, baseline: Baseline | None, *, is_strict: bool) -> Check:
    """Return the check: a report, compared with an earlier one if there is one."""
    if baseline is None:
        return Check(report, None, is_strict)
    comparison = compared(report, baseline)
    return Check(comparison.report, comparison, is_strict)


def chosen_format(form: str | None, *, as_json: bool) -> str:
    """Return the format of the report; raise `CommandError` for two."""
    if as_json and form not in (None, JSON):
        text = _("--json means --format json: use it without --format %(format)s.")
        raise CommandError(text % {"format": form})
    return JSON if as_json else form or TEXT


def baseline_at(path: Path | None) -> Baseline | None:
    """Return the findings of a baseline file; raise `CommandError` if it has none."""
    if path is None:
        return None
    try:
        return read_baseline(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(_no_baseline(path, reason)) from error
    except ValueError as error:
        # UnicodeDecodeError is a ValueError too; its text would not help.
        reason = _("it is not a report of mcp_discovery check --json")
        raise CommandError(_no_baseline(path, reason)) from error


def _no_baseline(path: Path, reason: str) -> str:
    text = _("--baseline %(path)s: %(reason)s. To write one: %(command)s.")
    command = "manage.py mcp_discovery check --json > FILE"
    return text % {"path": visible(str(path)), "reason": visible(reason), "command": command}


def names(values: Iterable[str]) -> list[str]:
    """Return the codes and groups in options that may have several, between commas."""
    parts = [name.strip() for value in values for name in value.split(",")]
    return [name for name in parts if name]


def _comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield what became of the baseline, in English as the whole report beside it."""
    if known := len(comparison.known):
        findings = "1 finding" if known == 1 else f"{known} findings"
        yield f"Known from the baseline, not printed: {findings}."
    for one in comparison.gone[:_MOST_GONE]:
        yield f"No longer found: {visible(one.code)} at {visible(one.subject)}."
    if (more := len(comparison.gone) - _MOST_GONE) > 0:
        yield f"No longer found: {more} others."
    if comparison.gone:
        yield "Remove these from the baseline: write the file again with check --json."


def _seconds(argument: str) -> float:
    """Return a time limit; raise the error of argparse if it makes no sense."""
    try:
        return checked_seconds(float(argument))
    except ValueError as error:
        problem = _("%(value)s is not a number of seconds above 0 and below 3600")
        raise argparse.ArgumentTypeError(problem % {"value": repr(argument)}) from error
