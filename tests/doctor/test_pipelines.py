"""`mcp_discovery check` in a pipeline: formats, a baseline, the exit status, verbosity."""

from __future__ import annotations

import json
import re
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db

BROKEN = {"token_endpoint": "/nowhere"}
ONE_ERROR = "1 error. Start with oauth-endpoint-not-found."


@pytest.fixture
def broken(healthy):
    """A project with one error, whatever else the doctor notes about it."""
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = BROKEN
    return healthy


def results(sarif: str) -> dict[str, dict]:
    """Return the results of a SARIF document by their codes."""
    return {one["ruleId"]: one for one in json.loads(sarif)["runs"][0]["results"]}


@pytest.fixture
def baseline(run, broken, tmp_path):
    """The report of the broken project in a file."""
    path = tmp_path / "baseline.json"
    path.write_text(run("check", "--json")[0], encoding="utf-8")
    return path


def test_json_is_a_format_too(broken, run):
    assert run("check", "--format", "json") == run("check", "--json")
    assert run("check", "--format", "json", "--json") == run("check", "--json")


def test_text_is_the_format_without_one(broken, run):
    assert run("check", "--format", "text") == run("check")


def test_two_formats_are_refused(run):
    message = "--json means --format json: use it without --format sarif."
    assert run("check", "--json", "--format", "sarif") == ("", message)


def test_sarif_is_one_document_and_errors_fail(broken, run):
    output, message = run("check", "--format", "sarif")
    assert (results(output)["oauth-endpoint-not-found"]["level"], message) == ("error", ONE_ERROR)


def test_junit_is_one_document_and_errors_fail(broken, run):
    output, message = run("check", "--format", "junit")
    root = ElementTree.fromstring(output)  # noqa: S314 - our own
    assert (root.get("failures"), message) == ("1", ONE_ERROR)


def test_warnings_are_failures_of_junit_only_if_strict(healthy, run):
    healthy.MCP_METADATA_MAX_AGE = 90_000
    for strict, failures in (((), "0"), (("--strict",), "1")):
        output, _ = run("check", "--only", "caching", "--format", "junit", *strict)
        assert ElementTree.fromstring(output).get("failures") == failures  # noqa: S314 - our own


def test_known_problems_do_not_fail(baseline, run):
    output, message = run("check", "--baseline", str(baseline))
    assert message == ""
    assert "oauth-endpoint-not-found" not in output
    assert re.search(r"\nKnown from the baseline, not printed: \d findings?\.\n", output)
    assert output.endswith("\nNo new problems found; 1 known problem.\n")


@pytest.mark.parametrize(
    ("more", "words"), [({}, "1 finding"), ({"revocation_endpoint": "/gone"}, "2 findings")]
)
def test_known_findings_are_counted(healthy, run, tmp_path, more, words):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {**BROKEN, **more}
    only = ("--only", "oauth-endpoints")
    path = tmp_path / "baseline.json"
    path.write_text(run("check", "--json", *only)[0], encoding="utf-8")
    output, _ = run("check", "--baseline", str(path), *only)
    assert f"\nKnown from the baseline, not printed: {words}.\n" in output
    problems = words.replace("finding", "known problem")
    assert output.endswith(f"\nNo new problems found; {problems}.\n")


def test_new_problem_fails_and_is_the_only_one_that_is_printed(broken, baseline, run):
    broken.MCP_METADATA_MAX_AGE = 90_000
    output, message = run("check", "--baseline", str(baseline), "--strict")
    assert message == "1 warning. Start with cache-long."
    assert "Known from the baseline, not printed: " in output
    assert run("check", "--baseline", str(baseline))[1] == ""


def test_problem_that_is_gone_is_named(healthy, baseline, run):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {}
    output, message = run("check", "--baseline", str(baseline))
    assert message == ""
    assert re.search(r"\nNo longer found: oauth-endpoint-not-found at https://\S+\.\n", output)
    assert "Remove these from the baseline: write the file again with check --json." in output
    assert "No problems found" in output.splitlines()[-1]


def test_many_problems_that_are_gone_are_counted(healthy, run, tmp_path):
    document = json.loads(run("check", "--json")[0])
    finding = {"code": "cache-long", "severity": "warning", "seen": "x"}
    document["reports"][0]["findings"] = [
        {**finding, "subject": f"https://a.example/{number}\x1b"} for number in range(12)
    ]
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    output, _ = run("check", "--baseline", str(path))
    assert output.count("No longer found: cache-long at https://a.example/") == 10
    assert "No longer found: 2 others." in output
    assert "\x1b" not in output


def test_json_says_what_is_known_and_what_is_gone(baseline, run):
    document = json.loads(run("check", "--json", "--baseline", str(baseline))[0])
    findings = document["reports"][0]["findings"]
    known = {one["code"]: one["known"] for one in findings if one["severity"] != "pass"}
    assert known["oauth-endpoint-not-found"] is True
    assert (document["ok"], set(known.values()), document["gone"]) == (True, {True}, [])


def test_report_with_a_baseline_is_a_baseline(baseline, run):
    again, _ = run("check", "--json", "--baseline", str(baseline))
    baseline.write_text(again, encoding="utf-8")
    assert run("check", "--baseline", str(baseline))[1] == ""


def test_formats_for_pipelines_know_the_baseline(baseline, run):
    junit, message = run("check", "--format", "junit", "--baseline", str(baseline))
    assert ElementTree.fromstring(junit).get("failures") == "0"  # noqa: S314 - our own
    sarif, _ = run("check", "--format", "sarif", "--baseline", str(baseline))
    states = {one["baselineState"] for one in results(sarif).values()}
    assert (states, message) == ({"unchanged"}, "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "it is not a report of mcp_discovery check --json"),
        (b"\xff\xfe{\x00}\x00", "it is not a report of mcp_discovery check --json"),
    ],
)
def test_file_that_is_no_baseline_is_an_error_that_says_what_to_type(
    run, tmp_path, content, reason
):
    path = tmp_path / "known.json"
    if content is not None:
        path.write_bytes(content)
    advice = "To write one: manage.py mcp_discovery check --json > FILE."
    message = f"--baseline {path}: {reason}. {advice}"
    assert run("check", "--baseline", str(path)) == ("", message)


def test_quiet_check_prints_only_the_last_line(healthy, broken, run):
    assert run("check", verbosity=0) == ("", ONE_ERROR)
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {}
    output, message = run("check", verbosity=0)
    assert (output.count("\n"), "No problems found" in output, message) == (1, True, "")


def test_quiet_document_is_whole(broken, run):
    assert run("check", "--json", verbosity=0) == run("check", "--json")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_requests_are_lines_on_standard_error_and_standard_output_is_the_same(healthy, run, form):
    stderr = StringIO()
    loud = run("check", "--format", form, verbosity=2, stderr=stderr)
    assert loud == run("check", "--format", form)
    lines = stderr.getvalue().splitlines()
    assert re.fullmatch(
        r"POST  https://app\.example\.com/mcp  401  \S.*  \d+ bytes  \d+ ms  "
        r"\(received WWW-Authenticate: Bearer .*\)",
        lines[0],
    )
    assert len(lines) > 40


def test_no_line_is_written_without_verbosity(healthy):
    stderr = StringIO()
    call_command("mcp_discovery", "check", "--only", "endpoint", stdout=StringIO(), stderr=stderr)
    assert stderr.getvalue() == ""


def test_requests_over_http_are_lines_too(healthy, live_server, run):
    healthy.MCP_ISSUER = live_server.url
    stderr = StringIO()
    run("check", f"{live_server.url}/mcp", "--only", "endpoint", verbosity=3, stderr=stderr)
    assert f"POST  {live_server.url}/mcp  401  " in stderr.getvalue()
