"""A report as JUnit XML: a test suite for each endpoint, a test case for each step."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from mcp_oauth_discovery.doctor.findings import Finding, Severity, Skipped
from mcp_oauth_discovery.doctor.output.junit import as_junit
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from mcp_oauth_discovery.doctor.steps import STEPS
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, World, report_on

FINDING = Finding("cors-document", Severity.ERROR, PRM, "Seen.", "Expected", "§1", (), "Fix it.")
NOTE = Finding("cache-missing", Severity.INFO, PRM, "No lifetime.", "One", "§2", (), "Add it.")


def parsed(*reports: EndpointReport, failures=(FINDING,)) -> ElementTree.Element:
    return ElementTree.fromstring(as_junit(Report(reports), failures))  # noqa: S314 - our own


def case(report: EndpointReport, name: str, **options) -> ElementTree.Element:
    return parsed(report, **options).find(f"testsuite/testcase[@name='{name}']")


def outcomes(element: ElementTree.Element) -> list[str]:
    return [child.tag for child in element]


def test_endpoint_is_a_suite_and_each_step_a_case():
    healthy = report_on(World())
    root = parsed(healthy, EndpointReport(f"{ORIGIN}/reports", ()), failures=())
    assert [suite.get("name") for suite in root] == [ENDPOINT, f"{ORIGIN}/reports"]
    names = [one.get("name") for one in root.iterfind("testsuite[1]/testcase")]
    assert names == [step.title for step in STEPS]
    assert {one.get("classname") for one in root[0]} == {ENDPOINT}


def test_step_that_passes_says_what_it_observed():
    passed = case(report_on(World()), "CORS", failures=())
    assert outcomes(passed) == ["system-out"]
    assert passed[0].text.startswith("web pages of ")


def test_failure_has_the_codes_and_all_that_is_known():
    failed = case(EndpointReport(ENDPOINT, (FINDING, FINDING)), "CORS")
    assert outcomes(failed) == ["failure"]
    assert (failed[0].get("type"), failed[0].get("message")) == ("cors-document", "cors-document")
    assert failed[0].text.startswith(f"error cors-document {PRM}\nFix: Fix it.\nSeen: Seen.\n")
    assert "Expected: Expected (§1)" in failed[0].text


def test_finding_that_is_no_failure_is_output():
    note = case(EndpointReport(ENDPOINT, (NOTE,)), "Caching")
    assert outcomes(note) == ["system-out"]
    assert note[0].text.startswith("info cache-missing ")


def test_skipped_step_has_its_reason():
    skipped = Skipped("caching", "Caching", "the time for all requests is over")
    report = EndpointReport(ENDPOINT, (NOTE, FINDING), (skipped, Skipped("cors", "CORS", "Why.")))
    assert outcomes(case(report, "Caching")) == ["skipped", "system-out"]
    assert case(report, "Caching")[0].get("message") == "the time for all requests is over"
    assert outcomes(case(report, "CORS")) == ["failure"]


def test_step_that_the_doctor_could_not_complete_is_no_pass():
    [skipped] = case(EndpointReport(ENDPOINT, ()), "Keys")
    assert (skipped.tag, skipped.get("message")) == (
        "skipped",
        "The doctor did not complete this step.",
    )


def test_numbers_are_those_of_the_cases():
    report = EndpointReport(ENDPOINT, (FINDING, NOTE))
    root = parsed(report, report)
    steps = len(STEPS)
    own = {"tests": f"{steps}", "failures": "1", "skipped": f"{steps - 2}", "errors": "0"}
    assert root[0].attrib == {"name": ENDPOINT, **own}
    both = {"tests": f"{2 * steps}", "failures": "2", "errors": "0"}
    assert root.attrib == {"name": "mcp_discovery check", **both}


@pytest.mark.parametrize("text", ["]]>", "<a&\"'>", "".join(map(chr, range(0x20))), "\ud800\uffff"])
def test_text_of_a_site_breaks_no_document(text):
    hostile = Finding("cors-document", Severity.ERROR, text, text, text, text, (), text)
    report = EndpointReport(text, (hostile,), (Skipped("jwks", "Keys", text),))
    assert len(parsed(report, failures=(hostile,))[0]) == len(STEPS)


def test_no_character_is_forbidden_or_outside_of_ascii():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    hostile = Finding("cors-document", Severity.ERROR, "", every, "", "", (), "")
    text = as_junit(Report((EndpointReport("", (hostile,)),)), (hostile,))
    assert text.isascii()
    assert text.startswith("<?xml version='1.0' encoding='us-ascii'?>\n")
    read = ElementTree.fromstring(text).find(".//failure").text  # noqa: S314 - our own
    assert "\\x00" in read
    assert "é😀" in f"{read[read.index('é')]}{read[read.index('😀')]}"
