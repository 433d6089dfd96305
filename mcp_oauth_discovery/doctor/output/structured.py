"""A report as one JSON document."""

from __future__ import annotations

from typing import Any

from mcp_oauth_discovery.doctor.causes import Block
from mcp_oauth_discovery.doctor.findings import Finding, Severity, documentation
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import STEP_OF


def as_json(report: Report, *, ok: bool) -> dict[str, Any]:
    """Return the document for `--json`; `ok` says whether the command succeeds."""
    return {
        "ok": ok,
        "counts": {severity.value: report.counts[severity] for severity in Severity},
        "reports": [_endpoint(one) for one in report.reports],
    }


def step_name(finding: Finding) -> str:
    """Return the name of the step that a finding belongs to."""
    step = STEP_OF.get(finding.code)
    return step.name if step else finding.code.removesuffix("-ok").removesuffix("-none")


def _endpoint(report: EndpointReport) -> dict[str, Any]:
    causes = dict(_causes(report.blocks, ""))
    return {
        "url": report.url,
        "findings": [_finding(finding, causes.get(finding, "")) for finding in report.findings],
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


def _finding(finding: Finding, cause: str) -> dict[str, Any]:
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
    return {**members, "explained_by": cause, "documentation": documentation(finding.code)}


def _causes(blocks: list[Block] | tuple[Block, ...], cause: str) -> list[tuple[Finding, str]]:
    """Return each finding with the code that explains it, "" for a cause."""
    pairs = []
    for block in blocks:
        pairs += [(finding, cause) for finding in block.findings]
        pairs += _causes(block.explained, block.first.code)
    return pairs
