"""The doctor finds no problem with healthy sites, in whatever form they are."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.doctor.examination import Selection, examined
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.output.text import summary
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.walk.walker import Walker
from tests.doctor import healthy_forms
from tests.doctor.healthy_worlds import VARIANTS, Moved
from tests.doctor.providers import over_http
from tests.doctor.world import PAGE, World

assert healthy_forms


@pytest.mark.parametrize("healthy", VARIANTS, ids=lambda healthy: healthy.name)
def test_no_problem_is_found_with_a_healthy_site(healthy):
    probes = Selection().probes()
    walk = Walker(healthy.build(), page_origin=PAGE, probes=probes).walk(healthy.url)
    report = examined(walk, Selection())
    findings = [one for one in report.findings if one.severity is not Severity.PASS]
    texts = [(one.severity.value, one.code, one.subject, one.seen) for one in findings]
    assert sorted({one.code for one in findings}) == sorted(healthy.notes), texts
    assert summary(Report((report,))).startswith("No problems found"), texts
    assert report.skipped == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_no_problem_is_found_on_loopback_over_http(address, run):
    host = f"[{address}]" if ":" in address else address

    def world(port: int) -> World:
        return Moved(f"http://{host}:{port}/mcp", f"http://{host}:{port}")

    with over_http(world, address) as port:
        output, message = run("check", f"http://{host}:{port}/mcp", "--strict", "--json")
    [report] = json.loads(output)["reports"]
    assert [one["code"] for one in report["findings"] if one["severity"] != "pass"] == []
    assert message == ""


def test_there_are_two_dozen_variants_with_names_of_their_own():
    assert len({healthy.name for healthy in VARIANTS}) == len(VARIANTS) >= 24
