"""A report as SARIF 2.1.0, which code scanning and many editors read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from mcp_oauth_discovery import __version__
from mcp_oauth_discovery.doctor.baseline import Comparison
from mcp_oauth_discovery.doctor.findings import Finding, Severity, documentation
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.steps import ENTRIES, STEP_OF

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
# A percent sign that begins no escape, and what is neither unreserved nor of use in a path.
_UNSAFE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~/?=&%-]")
_LEVELS = MappingProxyType(
    {
        Severity.CRITICAL: "error",
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.INFO: "note",
    }
)


def as_sarif(report: Report, comparison: Comparison | None = None) -> dict[str, Any]:
    """Return the document; with a comparison, each result is new, or unchanged and suppressed."""
    findings = [one for one in report.findings if one.severity is not Severity.PASS]
    codes = list(dict.fromkeys(finding.code for finding in findings))
    run = {
        "tool": {"driver": _driver(codes)},
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": _notes(report)}
        ],
        "results": [_result(finding, codes, comparison) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(codes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "mcp_discovery",
        "version": __version__,
        "informationUri": documentation("").removesuffix("#"),
        "rules": [_rule(code) for code in codes],
    }


def _rule(code: str) -> dict[str, Any]:
    entry = ENTRIES[code]
    fix = f"{entry.fix} In Django: {entry.django_fix}" if entry.django_fix else entry.fix
    return {
        "id": code,
        "shortDescription": {"text": entry.seen},
        "fullDescription": {"text": f"{entry.seen} Expected: {entry.expected} ({entry.section})."},
        "help": {"text": fix},
        "helpUri": documentation(code),
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
        "properties": {"tags": ["mcp", "oauth", STEP_OF[code].name]},
    }


def _notes(report: Report) -> list[dict[str, Any]]:
    """Return a notification for each skipped step, so that no partial run looks complete."""
    return [
        {"level": "note", "message": _message(f"Skipped: {one.title}: {one.reason}.")}
        for one in report.skipped
    ]


def _result(
    finding: Finding, codes: Sequence[str], comparison: Comparison | None
) -> dict[str, Any]:
    result = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": _message("\n".join(_sentences(finding))),
        "locations": [_location(finding.subject)],
        "partialFingerprints": _fingerprints(finding),
        "properties": {
            "url": visible(finding.subject),
            "severity": finding.severity.value,
            "clients": [client.value for client in finding.clients],
        },
    }
    if comparison is None:
        return result
    if finding not in comparison.known:
        return {**result, "baselineState": "new"}
    reason = "The finding is in the baseline file."
    suppression = {"kind": "external", "status": "accepted", "justification": reason}
    return {**result, "baselineState": "unchanged", "suppressions": [suppression]}


def _sentences(finding: Finding) -> list[str]:
    """Return the text of a result; where space is short, readers show only its beginning."""
    return [
        finding.seen,
        f"At: {finding.subject}",
        f"Expected: {finding.expected}",
        f"Fix: {finding.fix}",
    ]


def _message(text: str) -> dict[str, str]:
    """Return a message that readers show as plain text.

    SARIF 2.1.0 §3.11.6: square brackets before a round one are a link, and a site could have one.
    """
    lines = "\n".join(map(visible, text.split("\n")))
    return {"text": lines.replace("](", "] (")}


def _location(url: str) -> dict[str, Any]:
    """Return the location of a finding.

    GitHub refuses absolute URLs here: it expects the path of a file below the checkout. A colon
    before the first slash would be read as the end of a scheme.
    """
    path = re.sub(r"^https?://", "", url, flags=re.IGNORECASE)
    path = _UNSAFE.sub(lambda match: _escaped(match[0]), path).lstrip("/")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path or "-"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": visible(url), "kind": "resource"}],
    }


def _escaped(character: str) -> str:
    """Return a character as percent-encoded octets; a lone surrogate has octets here as well."""
    return "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogatepass"))


def _fingerprints(finding: Finding) -> dict[str, str]:
    """Return what makes two results of different runs the same: the code and the subject.

    GitHub reads only the second name, and would otherwise look for the line of a file.
    """
    digest = sha256(f"{finding.code} {finding.subject}".encode("utf-8", "surrogatepass"))
    value = digest.hexdigest()[:32]
    return {"codeAndSubject/v1": value, "primaryLocationLineHash": f"{value}:1"}
