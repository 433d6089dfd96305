"""A report as JUnit XML: a test suite for each endpoint, a test case for each step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from mcp_oauth_discovery.doctor.findings import Finding, Severity, Step, documentation
from mcp_oauth_discovery.doctor.output.structured import step_name
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import STEPS

_UNFINISHED = "The doctor did not complete this step."


def as_junit(report: Report, failures: Collection[Finding]) -> str:
    """Return the document; `failures` has the findings with which a test case fails.

    Other findings are in the output of their test case.
    """
    root = Element("testsuites", name="mcp_discovery check")
    suites = [_suite(root, one, frozenset(failures)) for one in report.reports]
    _count(root, suites)
    # The schema of Jenkins has this number for a suite only.
    del root.attrib["skipped"]
    ElementTree.indent(root)
    # Only ASCII: the encoding of standard output is then of no importance.
    document: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii")


def _suite(root: Element, report: EndpointReport, failures: Collection[Finding]) -> Element:
    suite = SubElement(root, "testsuite", name=visible(report.url))
    reasons = {one.step: one.reason for one in report.skipped}
    for step in STEPS:
        findings = [one for one in report.findings if step_name(one) == step.name]
        case = SubElement(suite, "testcase", classname=visible(report.url), name=step.title)
        _judge(case, step, findings, reasons, failures)
    _count(suite, [suite])
    return suite


def _judge(
    case: Element,
    step: Step,
    findings: Sequence[Finding],
    reasons: dict[str, str],
    failures: Collection[Finding],
) -> None:
    """Add the outcome of a step to its test case; without one, it has passed."""
    failed = [finding for finding in findings if finding in failures]
    rest = [finding for finding in findings if finding not in failures]
    if failed:
        codes = ", ".join(dict.fromkeys(finding.code for finding in failed))
        failure = SubElement(case, "failure", type=failed[0].code, message=codes)
        failure.text = _text(failed)
    elif not findings or step.name in reasons:
        SubElement(case, "skipped", message=visible(reasons.get(step.name, _UNFINISHED)))
    if rest:
        SubElement(case, "system-out").text = _text(rest)


def _text(findings: Sequence[Finding]) -> str:
    """Return findings as lines; `visible` also escapes what XML 1.0 forbids."""
    return "\n\n".join("\n".join(map(visible, _lines(finding))) for finding in findings)


def _lines(finding: Finding) -> list[str]:
    if finding.severity is Severity.PASS:
        return [finding.seen]
    return [
        f"{finding.severity.value} {finding.code} {finding.subject}",
        f"Fix: {finding.fix}",
        *f"Seen: {finding.seen}".split("\n"),
        f"Expected: {finding.expected} ({finding.section})",
        documentation(finding.code),
    ]


def _count(element: Element, suites: Sequence[Element]) -> None:
    """Set the numbers of test cases in suites."""
    for name, path in (("tests", "testcase"), ("failures", "*/failure"), ("skipped", "*/skipped")):
        element.set(name, str(sum(len(suite.findall(path)) for suite in suites)))
    element.set("errors", "0")
