"""A report as SARIF 2.1.0, as GitHub's code scanning accepts it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from mcp_oauth_discovery import __version__
from mcp_oauth_discovery.doctor.baseline import compared
from mcp_oauth_discovery.doctor.findings import Finding, Severity, Skipped, documentation
from mcp_oauth_discovery.doctor.output.sarif import as_sarif
from mcp_oauth_discovery.doctor.output.structured import as_json
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from tests.doctor.baselines import baseline_of
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, World, report_on

FINDING = Finding("cors-document", Severity.ERROR, PRM, "Seen.", "Expected", "§1", (), "Fix it.")


def run_of(*findings: Finding, skipped: tuple[Skipped, ...] = ()) -> dict:
    document = as_sarif(Report((EndpointReport(ENDPOINT, findings, skipped),)))
    return json.loads(json.dumps(document))["runs"][0]


def result_of(**changes) -> dict:
    [result] = run_of(replace(FINDING, **changes))["results"]
    return result


def uri_of(subject: str) -> str:
    location = result_of(subject=subject)["locations"][0]["physicalLocation"]
    return location["artifactLocation"]["uri"]


def test_document_names_the_tool_and_its_version():
    document = as_sarif(Report(()))
    assert document["version"] == "2.1.0"
    driver = document["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mcp_discovery", __version__)
    assert driver["informationUri"].endswith("/doctor.html")


def test_rule_has_the_fix_and_the_documentation():
    run = run_of(FINDING, replace(FINDING, subject=ORIGIN), replace(FINDING, code="cache-long"))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["cors-document", "cache-long"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 0, 1]
    assert rules[0]["helpUri"] == documentation("cors-document")
    assert " In Django: " in rules[0]["help"]["text"]
    assert rules[1]["defaultConfiguration"]["level"] == "warning"
    assert rules[0]["properties"]["tags"] == ["mcp", "oauth", "cors"]


@pytest.mark.parametrize(
    ("severity", "level"),
    [("critical", "error"), ("error", "error"), ("warning", "warning"), ("info", "note")],
)
def test_level_is_that_of_the_severity(severity, level):
    result = result_of(severity=Severity(severity))
    assert (result["level"], result["properties"]["severity"]) == (level, severity)


def test_passes_are_no_results():
    assert as_sarif(Report((report_on(World()),)))["runs"][0]["results"] == []


def test_message_has_what_is_wrong_where_and_what_to_type():
    text = f"Seen.\nAt: {PRM}\nExpected: Expected\nFix: Fix it."
    assert result_of()["message"]["text"] == text


@pytest.mark.parametrize(
    ("subject", "uri"),
    [
        (PRM, "app.example.com/.well-known/oauth-protected-resource/mcp"),
        ("http://localhost:8000/mcp", "localhost%3A8000/mcp"),
        ("HTTPS://a.example/%41?a=b&c", "a.example/%41?a=b&c"),
        ("https://a.example/%zz\x1b é\udc80", "a.example/%25zz%1B%20%C3%A9%ED%B2%80"),
        ("https:////evil.example/", "evil.example/"),
        ("https://", "-"),
        ("", "-"),
    ],
)
def test_location_is_a_relative_path_in_every_case(subject, uri):
    assert uri_of(subject) == uri


def test_location_has_the_url_too():
    [location] = result_of()["locations"]
    assert location["logicalLocations"][0]["fullyQualifiedName"] == PRM
    assert location["physicalLocation"]["region"] == {"startLine": 1}


def test_fingerprint_depends_on_the_code_and_the_subject_alone():
    fingerprints = [
        result_of(**changes)["partialFingerprints"]["primaryLocationLineHash"]
        for changes in ({}, {"seen": "Other."}, {"subject": ORIGIN}, {"code": "cors-exposed"})
    ]
    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3
    assert re.fullmatch(r"[0-9a-f]{32}:1", fingerprints[0])


def test_text_of_a_site_is_no_link_and_has_no_control_characters():
    text = result_of(seen="[click](https://evil.example)\x1b\u202e")["message"]["text"]
    assert text.startswith("[click] (https://evil.example)\\x1b\\u202e\nAt: ")


def test_skipped_step_is_a_notification():
    skipped = Skipped("jwks", "Keys", "no document was found")
    [invocation] = run_of(skipped=(skipped,))["invocations"]
    assert invocation["executionSuccessful"] is True
    [note] = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "Skipped: Keys: no document was found."


def test_known_result_is_suppressed_and_a_new_one_is_new():
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    before = Report((report_on(world),))
    del world.document["Access-Control-Allow-Origin"]
    comparison = compared(Report((report_on(world),)), baseline_of(before))
    results = as_sarif(comparison.report, comparison)["runs"][0]["results"]
    states = {result["ruleId"]: result["baselineState"] for result in results}
    assert states["as-issuer-slash"] == "unchanged"
    assert states["cors-document"] == "new"
    suppressed = {result["ruleId"] for result in results if "suppressions" in result}
    assert suppressed == {code for code, state in states.items() if state == "unchanged"}


def test_json_marks_what_is_known():
    report = Report((EndpointReport(ENDPOINT, (FINDING,)),))
    comparison = compared(report, baseline_of(report))
    document = as_json(comparison.report, ok=True, comparison=comparison)
    assert document["reports"][0]["findings"][0]["known"] is True
    assert document["gone"] == []
