"""A report as one JSON document."""

from __future__ import annotations

from typing import Any

from mcp_oauth_discovery.doctor.baseline import Comparison
from mcp_oauth_discovery.doctor.causes import Block, blocks
from mcp_oauth_discovery.doctor.findings import Finding, Severity, documentation
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import STEP_OF


def as_json(report: Report, *, ok: bool, comparison: Comparison | None = None) -> dict[str, Any]:
    """Return the document for `--json`; `ok` says whether the command succeeds.

    With a comparison, each problem says whether it is known, and the document what is gone.
    """
    document = {
        "ok": ok,
        "counts": {severity.value: report.counts[severity] for severity in Severity},
        "reports": [_endpoint(one, comparison) for one in report.reports],
    }
    if comparison is None:
        return document
    gone = [{"code": one.code, "subject": one.subject} for one in comparison.gone]
    return {**document, "gone": gone}


def step_name(finding: Finding) -> str:
    """Return the name of the step that a finding belongs to."""
    step = STEP_OF.get(finding.code)
    return step.name if step else finding.code.removesuffix("-ok").removesuffix("-none")


def _endpoint(report: EndpointReport, comparison: Comparison | None) -> dict[str, Any]:
    # All findings, also the known ones, which the blocks of the report leave out.
    causes = dict(_causes(blocks(report.findings), ""))
    return {
        "url": report.url,
        "findings": [
            _finding(finding, causes.get(finding, ""), comparison) for finding in report.findings
        ],
        "skipped": [{"group": one.step, "reason": one.reason} for one in report.skipped],
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


def _finding(finding: Finding, cause: str, comparison: Comparison | None) -> dict[str, Any]:
    members = {
        "code": finding.code,
        "severity": finding.severity.value,
        "group": step_name(finding),
        "subject": finding.subject,
        "seen": finding.seen,
        "expected": finding.expected,
        "section": finding.section,
        "clients": [client.value for client in finding.clients],
        "fix": finding.fix,
    }
    if finding.severity is Severity.PASS:
        return members
    members |= {"explained_by": cause, "documentation": documentation(finding.code)}
    return members if comparison is None else {**members, "known": finding in comparison.known}


def _causes(blocks: list[Block] | tuple[Block, ...], cause: str) -> list[tuple[Finding, str]]:
    """Return each finding with the code that explains it, "" for a cause."""
    pairs = []
    for block in blocks:
        pairs += [(finding, cause) for finding in block.findings]
        pairs += _causes(block.explained, block.first.code)
    return pairs
