"""A report beside an earlier one: known findings are no failures, and gone ones are named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mcp_oauth_discovery.doctor.baseline import ComparedReport, compared, read_baseline
from mcp_oauth_discovery.doctor.findings import Finding, Severity, Skipped
from mcp_oauth_discovery.doctor.report import EndpointReport, Report
from tests.doctor.baselines import baseline_of
from tests.doctor.world import ENDPOINT, ORIGIN, PRM, SERVER, World, report_on

FINDING = Finding("prm-member-invalid", Severity.ERROR, PRM, "a is 1.", "A list", "§1", (), "Fix.")
OTHER = replace(FINDING, seen="b is 2.")


def report(*findings: Finding, url: str = ENDPOINT, skipped: tuple[Skipped, ...] = ()) -> Report:
    return Report((EndpointReport(url, findings, skipped),))


def new(*, before: Report, now: Report) -> list[str]:
    """Return what was seen of the problems that are new."""
    return [finding.seen for finding in compared(now, baseline_of(before)).new_problems]


def gone(*, before: Report, now: Report) -> list[str]:
    return [known.code for known in compared(now, baseline_of(before)).gone]


def test_same_report_has_nothing_new_and_nothing_gone():
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    same = Report((report_on(world),))
    comparison = compared(same, baseline_of(same))
    assert (comparison.new_problems, comparison.gone) == ((), ())
    assert [one.code for one in comparison.known_problems] == ["as-issuer-slash"]


def test_known_findings_are_not_printed_and_still_count_for_the_clients():
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    same = Report((report_on(world),))
    [one] = compared(same, baseline_of(same)).report.reports
    assert (type(one), one.blocks) == (ComparedReport, [])
    assert one.verdicts == same.reports[0].verdicts
    assert any(verdict.outcome == "stops" for verdict in one.verdicts)


def test_line_of_a_client_has_the_known_code_that_stops_it():
    world = World()
    world.server["issuer"] = f"{ORIGIN}/"
    same = Report((report_on(world),))
    for printed in (same, compared(same, baseline_of(same)).report):
        assert "Inspector       stops: as-issuer-slash (" in str(printed)


def test_another_code_or_subject_or_severity_is_new():
    before = report(FINDING)
    assert new(before=before, now=report(FINDING)) == []
    for changes in (
        {"code": "prm-resource-missing"},
        {"subject": SERVER},
        {"severity": Severity.CRITICAL},
    ):
        assert new(before=before, now=report(replace(FINDING, **changes))) == ["a is 1."]


def test_another_observation_is_not_new():
    assert new(before=report(FINDING), now=report(OTHER)) == []


def test_one_more_is_new_and_it_is_the_one_that_was_not_seen_before():
    assert new(before=report(FINDING), now=report(OTHER, FINDING)) == ["b is 2."]


def test_endpoint_that_is_new_may_have_the_known_findings_of_another():
    before = report(FINDING)
    now = Report((*report(FINDING).reports, *report(FINDING, url=f"{ORIGIN}/reports").reports))
    assert new(before=before, now=now) == []


def test_earlier_endpoints_do_not_add_up():
    before = Report((*report(FINDING).reports, *report(FINDING, url=f"{ORIGIN}/b").reports))
    assert new(before=before, now=report(FINDING, OTHER)) == ["b is 2."]


def test_information_that_is_known_is_not_printed():
    note = replace(FINDING, severity=Severity.INFO)
    comparison = compared(report(note), baseline_of(report(note)))
    assert comparison.report.reports[0].blocks == []
    assert comparison.known == {note}


def test_finding_that_is_no_longer_found_is_gone():
    assert gone(before=report(FINDING, OTHER), now=report()) == ["prm-member-invalid"] * 2
    assert gone(before=report(FINDING), now=report(OTHER)) == []


def test_code_that_no_longer_exists_is_gone():
    members = {"code": "prm-of-long-ago", "severity": "error", "subject": PRM, "seen": "x"}
    text = json.dumps({"reports": [{"url": ENDPOINT, "findings": [members]}]})
    assert [one.code for one in compared(report(), read_baseline(text)).gone] == ["prm-of-long-ago"]


def test_finding_of_a_skipped_step_is_not_gone():
    skipped = Skipped("protected-resource", "Protected resource metadata", "left out")
    assert gone(before=report(FINDING), now=report(skipped=(skipped,))) == []


def test_finding_about_an_endpoint_that_was_not_checked_is_not_gone():
    assert gone(before=report(FINDING, url=f"{ORIGIN}/other"), now=report()) == []


def test_passes_of_the_baseline_are_no_findings():
    healthy = Report((report_on(World()),))
    assert gone(before=healthy, now=report()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"reports": 1}',
        '{"reports": [1]}',
        '{"reports": [{"url": "u"}]}',
        '{"reports": [{"url": 1, "findings": []}]}',
        '{"reports": [{"url": "u", "findings": [{"severity": "error"}]}]}',
        '{"reports": [{"url": "u", "findings": ["error"]}]}',
        "[" * 100_000,
    ],
)
def test_other_documents_are_refused(text):
    with pytest.raises(ValueError, match="not a report of mcp_discovery check --json"):
        read_baseline(text)
