"""Compare a report with an earlier one: what is known, what is new, and what is gone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mcp_oauth_discovery.doctor.causes import Block, blocks
from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import STEP_OF


class Known(NamedTuple):
    """A finding of the earlier report."""

    code: str
    severity: str
    subject: str
    seen: str


# What makes two findings alike: the code, the severity and the subject.
_Key = tuple[str, str, str]
# The findings of the earlier report, by the URL of the endpoint.
Baseline = Mapping[str, Sequence[Known]]


@dataclass(frozen=True)
class ComparedReport(EndpointReport):
    """The findings about an endpoint, of which some are known.

    All count for the clients. Only the others are printed.
    """

    known: frozenset[Finding] = frozenset()

    @property
    def blocks(self) -> list[Block]:
        """The findings that are not known, in the order in which to read them."""
        return blocks([finding for finding in self.findings if finding not in self.known])


@dataclass(frozen=True)
class Comparison:
    """A report beside an earlier one."""

    report: Report
    known: frozenset[Finding]
    gone: tuple[Known, ...]

    @property
    def new_problems(self) -> tuple[Finding, ...]:
        """The problems that the earlier report did not have."""
        return tuple(one for one in self.report.problems if one not in self.known)

    @property
    def known_problems(self) -> tuple[Finding, ...]:
        """The problems that the earlier report had."""
        return tuple(one for one in self.report.problems if one in self.known)


def read_baseline(text: str) -> Baseline:
    """Return the findings of a report that `--json` has printed; raise `ValueError` for others."""
    try:
        return {
            _text(report, "url"): [
                Known(*(_text(one, name) for name in Known._fields))
                for one in report["findings"]
                if one["severity"] != Severity.PASS.value
            ]
            for report in json.loads(text)["reports"]
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = gettext("it is not a report of mcp_discovery check --json")
        raise ValueError(problem) from error


def compared(report: Report, baseline: Baseline) -> Comparison:
    """Return a report beside an earlier one.

    A finding is known if the earlier report has one with its code, severity and subject. What was
    seen may have changed, such as a time. If there are more such findings than before, those with
    another observation are new.
    """
    allowed = _longest(baseline.values())
    endpoints: list[EndpointReport] = []
    known: set[Finding] = set()
    for one in report.reports:
        recognised = frozenset(_recognised(one.findings, allowed))
        endpoints.append(ComparedReport(one.url, one.findings, one.skipped, recognised))
        known |= recognised
    gone = [finding for one in report.reports for finding in _gone(one, baseline.get(one.url, ()))]
    return Comparison(Report(tuple(endpoints)), frozenset(known), tuple(dict.fromkeys(gone)))


def _text(members: Any, name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _longest(reports: Iterable[Sequence[Known]]) -> dict[_Key, list[str]]:
    """Return what was seen for each kind of finding, by the report with the most of them.

    Several endpoints may have one authorization server, and then the same findings.
    """
    longest: dict[_Key, list[str]] = {}
    for report in reports:
        alike: dict[_Key, list[str]] = defaultdict(list)
        for finding in report:
            alike[finding.code, finding.severity, finding.subject].append(finding.seen)
        for key, observations in alike.items():
            longest[key] = max(longest.get(key, []), observations, key=len)
    return longest


def _recognised(
    findings: Sequence[Finding], allowed: Mapping[_Key, Sequence[str]]
) -> Iterable[Finding]:
    """Yield the known findings: as many as before, those with the same observation first."""
    alike: dict[_Key, list[Finding]] = defaultdict(list)
    for finding in findings:
        alike[finding.code, finding.severity.value, finding.subject].append(finding)
    for key, group in alike.items():
        before = allowed.get(key, ())
        group.sort(key=lambda finding: finding.seen not in before)
        yield from group[: len(before)]


def _gone(report: EndpointReport, before: Sequence[Known]) -> Iterable[Known]:
    """Yield the earlier findings that are no longer found, of the steps that were not skipped."""
    skipped = {one.step for one in report.skipped}
    present = {(finding.code, finding.subject) for finding in report.findings}
    for finding in before:
        step = STEP_OF.get(finding.code)
        is_checked = step is None or step.name not in skipped
        if is_checked and (finding.code, finding.subject) not in present:
            yield finding
