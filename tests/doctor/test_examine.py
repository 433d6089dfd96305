"""`examine`, the doctor for test suites, and its page, whose tests run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404

from mcp_oauth_discovery import doctor
from mcp_oauth_discovery.doctor import Severity, examine
from mcp_oauth_discovery.doctor.run import PAGE
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT
from tests.deprecations import STRICT
from tests.markdown import CHECKOUT, blocks, first_column, read, section

TESTING = read("docs/testing.md")
ISSUER = "https://app.example.com"
pytestmark = pytest.mark.django_db


def test_healthy_project_has_a_report_without_problems(healthy):
    report = examine(skip=["answer-slow"])
    assert (report.ok, report.problems) == (True, ())
    assert [one.url for one in report.reports] == [f"{ISSUER}/mcp"]


def test_fault_is_a_problem_and_not_ok(healthy):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "/nowhere"}
    report = examine()
    assert report.ok is False
    assert "oauth-endpoint-not-found" in [finding.code for finding in report.problems]


def test_warning_is_a_problem_and_ok(healthy):
    healthy.MCP_METADATA_MAX_AGE = 90_000
    report = examine(only=["cache-long"])
    assert {finding.code for finding in report.problems} == {"cache-long"}
    assert report.ok is True


def test_each_enabled_resource_has_a_report(healthy):
    healthy.MCP_RESOURCES = {"/mcp": {}, "/other": {}}
    report = examine(only=["endpoint"])
    assert [one.url for one in report.reports] == [f"{ISSUER}/mcp", f"{ISSUER}/other"]
    assert report.findings == sum((one.findings for one in report.reports), ())
    assert report.counts[Severity.INFO] == 1
    assert report.counts == report.reports[0].counts + report.reports[1].counts


def test_text_is_that_of_the_command(healthy, run):
    healthy.MCP_METADATA_MAX_AGE = 90_000
    output, _ = run("check", "--only", "caching")
    assert str(examine(only=["caching"], skip=["answer-slow"])) == output.rstrip("\n")


def test_url_is_examined_over_http(healthy, live_server):
    healthy.MCP_ISSUER = live_server.url
    report = examine(f"{live_server.url}/mcp", skip=["answer-slow"])
    assert (report.reports[0].url, report.problems) == (f"{live_server.url}/mcp", ())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"only": ["nonsense"]}, "Unknown code or group: nonsense"),
        ({"origin": "https://a/b"}, "https://a/b is not an origin"),
        ({"timeout": 0}, "0 is not a number of seconds"),
        ({"budget": float("nan")}, "nan is not a number of seconds"),
        ({"url": "https://a.example.com/mcp", "host": "b"}, "cannot be used with a URL"),
        ({"url": "ftp://a.example.com/mcp"}, "is not the URL of an MCP endpoint"),
    ],
)
def test_arguments_that_make_no_sense_are_value_errors(healthy, arguments, message):
    with pytest.raises(ValueError, match=message):
        examine(**arguments)


def test_wrong_setting_and_refused_hosts_are_raised(healthy):
    healthy.MCP_ISSUER = None
    with pytest.raises(SuspiciousOperation):
        examine(host="unknown.example.net")
    healthy.MCP_ISSUER = "app.example.com"
    with pytest.raises(ImproperlyConfigured, match=r"MCP_ISSUER is 'app\.example\.com'"):
        examine()


def test_host_that_no_tenant_has_is_raised(healthy):
    def issuer(request):
        raise Http404

    healthy.MCP_ISSUER = issuer
    with pytest.raises(Http404):
        examine()


def documented_test(heading: str) -> str:
    [code] = blocks(section(TESTING, heading), "python")
    return code


@pytest.fixture
def suite(tmp_path):
    """Return a function that runs a documented test in the example: its status and output."""

    def suite(heading: str, *command: str, **environment: str) -> tuple[int, str]:
        (tmp_path / "test_discovery.py").write_text(documented_test(heading), encoding="utf-8")
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(CHECKOUT)]),
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "ALLOWED_HOSTS": "app.example.com",
            "MCP_ISSUER": ISSUER,
            **environment,
            **STRICT,
        }
        result = subprocess.run(
            [sys.executable, *command],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout + result.stderr

    return suite


RUNNERS = [
    ("With pytest", ("-m", "pytest", "-p", "no:cacheprovider", "test_discovery.py")),
    ("With Django's test runner", ("-m", "django", "test", "test_discovery")),
]


WRONG_SETTINGS = """
from example_project.settings import *

MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "/nowhere"}
"""


@pytest.mark.parametrize(("heading", "command"), RUNNERS)
def test_documented_test_passes_in_the_example(suite, heading, command):
    status, output = suite(heading, *command)
    assert status == 0, output


@pytest.mark.parametrize(("heading", "command"), RUNNERS)
def test_documented_test_tells_the_fix_if_it_fails(suite, tmp_path, heading, command):
    (tmp_path / "wrong_settings.py").write_text(WRONG_SETTINGS, encoding="utf-8")
    status, output = suite(heading, *command, DJANGO_SETTINGS_MODULE="wrong_settings")
    assert status == 1, output
    assert "Fix:" in output
    assert "Start with " in output


def test_page_has_the_signature_and_every_public_name():
    documented = section(TESTING, "`examine`")
    limits = f"timeout={TIMEOUT:g}, budget={BUDGET:g}"
    assert f'origin="{PAGE}", only=(), skip=(), {limits}, token=None, watch=None)' in documented
    mentioned = documented + TESTING
    names = set(doctor.__all__) - {"Client", "Severity", "Verdict"}
    assert [name for name in names if name not in mentioned] == []
    attributes = set(first_column(documented)) - {"Report", "str(report)"}
    assert attributes <= set(dir(doctor.Report)) | {"reports"}
