from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery import documents
from tests import ASM, JWKS, ORIGIN, PRM
from tests.deprecations import STRICT
from tests.keys import broken_database, missing_tables
from tests.markdown import CHECKOUT
from tests.signing.tokens import encode

TOKENS_ELSEWHERE = "https://login.example.net"


def run(*arguments, given=""):
    """Run Python in the project without a database, with a text on standard input."""
    env = {"DJANGO_SETTINGS_MODULE": "tests.no_database.settings", "PATH": "", **STRICT}
    return subprocess.run(
        [sys.executable, *arguments],
        env=env,
        cwd=CHECKOUT,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_documents_and_endpoint_work_without_a_database():
    result = run("-m", "tests.no_database.ask", JWKS, ASM, PRM, f"{PRM}/mcp", "/mcp")
    statuses = [[404, "*"], [404, "*"], [200, "*"], [200, "*"], [401, "*"]]
    assert json.loads(result.stdout) == statuses * 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("The JWK Set is a 404.") == 1


def test_token_from_elsewhere_is_explained_without_a_database():
    signed = f"{encode({'alg': 'EdDSA', 'kid': 'x'})}.{encode({'sub': '1'})}.c2lnbmF0dXJl"
    result = run("-m", "django", "mcp_discovery", "token", "--json", given=signed)
    told = json.loads(result.stdout)
    rules = {rule["rule"]: rule["text"] for rule in told["rules"]}
    assert rules["key"].startswith("this site issues no tokens: ")
    assert told["resources"][0]["views"][0]["accepted"] is told["ok"] is True
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [[], ["--deploy", "--database", "default"]], ids=len)
def test_checks_work_without_a_database(arguments):
    result = run("-m", "django", "check", *arguments)
    assert (result.returncode, "mcp_oauth_discovery." in result.stderr) == (0, False)


def test_documents_are_shown_without_a_database():
    result = run("-m", "django", "mcp_discovery", "show", "--json", "--host", "app.example.com")
    assert result.returncode == 0, result.stderr
    statuses = [one["status"] for one in json.loads(result.stdout)["documents"]]
    assert statuses == [200, 404]


def test_doctor_works_in_process_without_a_database():
    result = run("-m", "django", "mcp_discovery", "check", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["ok"]


@pytest.fixture
def elsewhere(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_AUTHORIZATION_SERVERS = [TOKENS_ELSEWHERE]


@pytest.fixture
def no_jwks_uri(settings):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": None}


@pytest.fixture(params=["elsewhere", "no_jwks_uri"])
def signs_nothing(request):
    """Have a site whose documents announce no keys."""
    request.getfixturevalue(request.param)
    documents._log_unread.cache_clear()  # noqa: SLF001


@pytest.fixture
def events(caplog):
    def events():
        ours = [one for one in caplog.records if one.name == "mcp_oauth_discovery"]
        return [(one.levelname, one.event, one.exc_info) for one in ours]

    return events


@pytest.mark.django_db
def test_empty_set_is_a_404_where_no_keys_are_announced(signs_nothing, fetch, events):
    answer = fetch(JWKS)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})
    assert answer["Cache-Control"] == "no-store"
    assert events() == []


@pytest.mark.django_db
def test_keys_are_served_where_no_keys_are_announced(signs_nothing, fetch):
    key = rotation.rotate("EdDSA")
    answer = fetch(JWKS)
    assert answer.json() == {"keys": [key.published_jwk]}
    assert answer["Cache-Control"].startswith("public, max-age=")


@pytest.mark.parametrize("outage", [missing_tables, broken_database])
def test_database_that_cannot_be_read_is_a_404_and_one_warning(
    transactional_db, signs_nothing, fetch, events, outage
):
    with outage():
        assert [fetch(JWKS).status_code for _ in range(3)] == [404] * 3
    assert events() == [("WARNING", "jwks.unread", None)]


def test_tables_are_named_that_are_missing(transactional_db, signs_nothing, fetch, caplog):
    with missing_tables():
        fetch(JWKS)
    [message] = [one.getMessage() for one in caplog.records if one.name == "mcp_oauth_discovery"]
    assert message.endswith("Has 'manage.py migrate' been run?")


@pytest.mark.django_db
def test_empty_set_is_served_where_keys_are_announced(settings, fetch):
    settings.MCP_ISSUER = ORIGIN
    answer = fetch(JWKS)
    assert (answer.status_code, answer.json()) == (200, {"keys": []})
    assert answer["Cache-Control"].startswith("public, max-age=")


@pytest.mark.django_db
def test_site_whose_issuer_is_that_of_the_request_serves_an_empty_set(fetch):
    assert fetch(JWKS)["Cache-Control"].startswith("public, max-age=")


@pytest.mark.django_db
def test_set_that_depends_on_the_host_of_the_request_is_not_cached(settings, fetch):
    settings.MCP_AUTHORIZATION_SERVERS = [TOKENS_ELSEWHERE, ORIGIN]
    answer = fetch(JWKS)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert fetch(f"https://other.example.com{JWKS}").status_code == 404


def test_wrong_setting_is_a_500_that_names_it(db, settings, fetch, events):
    settings.MCP_AUTHORIZATION_SERVERS = ["nonsense"]
    assert fetch(JWKS).status_code == 500
    assert [name for _, name, _ in events()] == ["document.failed"]
