"""The command `mcp_discovery check`, in process and over HTTP."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.http import Http404

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor.steps import STEPS
from mcp_oauth_discovery.doctor.transport.deadlines import BUDGET, TIMEOUT
from mcp_oauth_discovery.management.commands.mcp_discovery import Command
from tests.deprecations import STRICT
from tests.doctor.servers import answering, serving, silent
from tests.markdown import CHECKOUT

pytestmark = pytest.mark.django_db

GROUPS = f"The groups are {', '.join(step.name for step in STEPS)}."


def test_healthy_project_has_nothing_but_passes(healthy, codes):
    assert codes() == []


@pytest.mark.parametrize("signs", [False, True])
def test_healthy_project_with_keys_has_nothing_but_passes(healthy, codes, signs):
    for algorithm in ("RS256", "EdDSA"):
        rotation.rotate(algorithm)
    healthy.MCP_SIGNED_METADATA = signs
    assert codes() == []


def test_healthy_project_without_the_middleware_has_nothing_but_passes(healthy, codes):
    del healthy.MIDDLEWARE[0]
    assert codes() == []


@pytest.mark.parametrize("prefix", ["/app", "/app/", "/two/parts"])
def test_healthy_project_below_a_prefix_has_nothing_but_passes(healthy, codes, prefix):
    healthy.FORCE_SCRIPT_NAME = prefix
    healthy.MCP_ISSUER = f"https://app.example.com{prefix.rstrip('/')}"
    assert codes() == []


def test_healthy_project_over_http_has_nothing_but_passes(healthy, codes, live_server):
    healthy.MCP_ISSUER = live_server.url
    assert codes(f"{live_server.url}/mcp") == []


def test_issuer_of_the_request_over_http_has_nothing_but_passes(healthy, codes, live_server):
    healthy.MCP_ISSUER = None
    assert codes(f"{live_server.url}/mcp") == []


def test_iss_is_not_asked_of_a_project_in_development(healthy, codes):
    healthy.MCP_ISSUER = None
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"client_id_metadata_document_supported": True}
    assert "as-iss-not-announced" not in codes("--host", "localhost:8000")
    assert "as-iss-not-announced" in codes("--host", "app.example.com")


def test_faults_are_found_over_http(healthy, codes, live_server):
    healthy.MCP_ISSUER = live_server.url
    healthy.MCP_AUTHORIZATION_SERVER_METADATA["code_challenge_methods_supported"] = None
    assert codes(f"{live_server.url}/mcp") == ["as-pkce-missing"]


def test_lines_end_in_a_summary(healthy, run):
    output, message = run("check")
    assert output.startswith("From https://app.example.com/mcp\n  none ")
    assert output.endswith("\nNo problems found in what was checked; 1 step was skipped.\n")
    assert message == ""


def test_errors_are_a_message_on_standard_error(healthy, run):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "/nowhere"}
    output, message = run("check")
    assert "oauth-endpoint-not-found" in output
    assert message == "1 error. Start with oauth-endpoint-not-found."


def test_warnings_are_no_failure_unless_strict(healthy, run):
    healthy.MCP_METADATA_MAX_AGE = 90_000
    output, message = run("check", "--only", "caching")
    summary = "1 warning. Start with cache-long."
    assert (output.split("\n")[-2:], message) == ([summary, ""], "")
    assert run("check", "--only", "caching", "--strict")[1] == summary


def test_json_is_one_document_also_where_there_are_errors(healthy, run):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "/nowhere"}
    output, message = run("check", "--json")
    document = json.loads(output)
    assert list(document) == ["ok", "counts", "reports"]
    assert (document["ok"], document["counts"]["error"]) == (False, 1)
    assert message == "1 error. Start with oauth-endpoint-not-found."


def test_json_of_a_healthy_project_is_ok(healthy, run):
    document = json.loads(run("check", "--json")[0])
    counts = document["counts"]
    passes = counts.pop("pass")
    assert (document["ok"], set(counts.values())) == (True, {0})
    assert passes == len(document["reports"][0]["findings"])


def test_codes_and_groups_are_chosen(healthy, codes):
    healthy.MCP_RESOURCE_METADATA = {"scopes_supported": ["openid"]}
    healthy.MCP_METADATA_MAX_AGE = 90_000
    chosen = ["cache-long", "prm-scopes-of-clients"]
    assert codes("--only", "prm-scopes-of-clients, caching") == chosen
    assert codes("--skip", "prm-scopes-of-clients", "--skip", "caching") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nonsense"], f"Unknown code or group: nonsense. {GROUPS}"),
        (["--skip", "jwks,b,a"], f"Unknown code or group: a, b. {GROUPS}"),
        (
            ["https://a.example.com/mcp", "--host", "b"],
            "--host cannot be used with a URL, which already names the host.",
        ),
        (
            ["--origin", "https://a/b"],
            "https://a/b is not an origin such as https://app.example.com.",
        ),
        (["--host", "a b"], "https://a b is not an origin such as https://app.example.com."),
        (
            ["/mcp\x1b"],
            "/mcp\\x1b is not the URL of an MCP endpoint: a URL cannot contain '\\x1b'; "
            "percent-encode it.",
        ),
        (
            ["https://a.example.com/.well-known/oauth-protected-resource"],
            "https://a.example.com/.well-known/oauth-protected-resource is not the URL of an MCP "
            "endpoint: expected the identifier itself, not the URL of its metadata document.",
        ),
    ],
)
def test_arguments_that_mean_nothing_are_refused(run, arguments, message):
    assert run("check", *arguments) == ("", message)


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_seconds_are_a_number_of_them(run, seconds):
    output, message = run("check", "--timeout", seconds)
    assert (output, "argument --timeout" in message) == ("", True)


def test_times_are_those_of_the_transports_by_default():
    options = Command().create_parser("manage.py", "mcp_discovery").parse_args(["check"])
    assert (options.timeout, options.budget) == (TIMEOUT, BUDGET)


def test_time_for_an_answer_is_the_given_one(run):
    with serving(silent) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--timeout", "0.2")
    assert "not complete after 0.2 seconds" in output


def test_time_for_all_answers_is_the_given_one(run):
    with serving(silent) as port:
        output, message = run("check", f"http://127.0.0.1:{port}/mcp", "--budget", "0.2")
    assert "reach-cut" in output
    assert "the 0.2 seconds for all requests are over" in output
    assert message == ""


def test_wrong_setting_is_a_message(healthy, run):
    healthy.MCP_ISSUER = "app.example.com"
    output, message = run("check", "--host", "app.example.com")
    assert output == ""
    assert message.startswith("MCP_ISSUER is 'app.example.com': expected an absolute URL")


def test_wrong_issuer_is_a_message_without_a_host_as_well(healthy, run):
    healthy.MCP_ISSUER = "app.example.com"
    assert run("check")[1].startswith("MCP_ISSUER is 'app.example.com'")


def test_setting_behind_a_server_error_is_told_with_what_to_type(healthy, run, caplog):
    healthy.MCP_JWKS_MAX_AGE = "long"
    output, _ = run("check", "--json", "--only", "answer-server-error")
    [report] = json.loads(output)["reports"]
    [finding] = report["findings"]
    assert finding["seen"].startswith("500: MCP_JWKS_MAX_AGE is 'long': expected a whole number")
    assert finding["fix"] == "Write, for example, MCP_JWKS_MAX_AGE = 300."
    assert caplog.records == []


def test_database_before_the_first_migration_is_told_without_tracebacks():
    command = [sys.executable, "-m", "django", "mcp_discovery", "check"]
    env = {"DJANGO_SETTINGS_MODULE": "tests.doctor.unmigrated_settings", "PATH": "", **STRICT}
    result = subprocess.run(
        command, env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "no such table: mcp_oauth_discovery_signingkey" in " ".join(result.stdout.split())
    assert "Has 'manage.py migrate' been run?" in result.stdout


def test_host_of_nobody_is_a_message(healthy, run):
    healthy.MCP_ISSUER = None
    assert run("check", "--host", "nobody.example.net")[1].startswith("Invalid HTTP_HOST header")


def test_tenant_of_nobody_is_a_message(healthy, run):
    def issuer(request):
        raise Http404

    healthy.MCP_ISSUER = issuer
    assert run("check") == ("", "This project does not serve that host.")


def test_project_without_resources_is_a_message(healthy, run):
    healthy.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    assert run("check") == ("", "This project has no enabled resource.")


def test_terminal_gets_no_escapes_of_a_server(run):
    octets = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer \x1b]0;owned\x07\r\n\r\n"
    with serving(answering(octets)) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--only", "challenge")
    assert "Bearer \\x1b]0;owned\\x07" in output
    assert output.replace("\n", "").isprintable()


def test_json_has_no_escapes_of_a_server_either(run):
    octets = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer \x9b31m\r\n\r\n"
    with serving(answering(octets)) as port:
        output, _ = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    assert output.replace("\n", "").isprintable()


def test_unreachable_server_is_an_error(run):
    output, message = run("check", "http://127.0.0.1:1/mcp")
    assert "reach-refused" in output
    assert message == "1 error. Start with reach-refused."


def test_colours_are_those_of_django(healthy, run):
    output, _ = run("check", "--only", "endpoint", force_color=True)
    assert "\x1b[" in output


def test_fix_is_bold_and_where_to_read_more_is_dim(run):
    output, _ = run("check", "http://127.0.0.1:1/mcp", force_color=True)
    assert "    \x1b[1mFix:      Start the server" in output
    assert "    \x1b[2mSee:      RFC 9110 §4.3.3\x1b[0m\n" in output


@pytest.mark.parametrize("palette", ["dark", "light"])
def test_information_is_not_red(monkeypatch, palette):
    monkeypatch.setenv("DJANGO_COLORS", palette)
    paints = Command(force_color=True)._palette()  # noqa: SLF001
    assert "\x1b[31" in paints["error"]("x")
    assert "\x1b[31" not in paints["info"]("x")
    assert paints["info"]("x") not in (paints["warning"]("x"), paints["pass"]("x"))


@pytest.mark.parametrize(("value", "is_coloured"), [("1", False), ("", True)])
def test_no_color_is_respected(healthy, run, monkeypatch, value, is_coloured):
    monkeypatch.setattr("django.core.management.color.supports_color", lambda: True)
    monkeypatch.setenv("NO_COLOR", value)
    output, _ = run("check", "--only", "endpoint")
    assert ("\x1b[" in output) is is_coloured


def test_terminal_without_letters_gets_escapes(healthy):
    octets = io.BytesIO()
    stdout = io.TextIOWrapper(octets, encoding="ascii", write_through=True)
    healthy.MCP_METADATA_MAX_AGE = 90_000
    call_command("mcp_discovery", "check", "--only", "caching", stdout=stdout)
    assert b"RFC 9111 \\xa75.2.2.1" in octets.getvalue()
