"""The example, run as its README command runs it, from a copy that has no database yet."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError

from example_project.management.commands import start
from mcp_oauth_discovery.standards.server_cards import CATALOG
from tests import ASM, JWKS, PRM

ROOT = Path(__file__).parent.parent
OAUTH = "/oauth/mcp"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Return a function that gives the arguments to run `manage.py` in a copy of the example."""
    copy = tmp_path_factory.mktemp("example")
    shutil.copy(ROOT / "manage.py", copy)
    ignored = shutil.ignore_patterns("var", "__pycache__")
    shutil.copytree(ROOT / "example_project", copy / "example_project", ignore=ignored)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # The settings of the tests, and what another example on this machine was told, stay out.
    told = {
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "DATABASE",
        "DJANGO_SETTINGS_MODULE",
        "HTTPS",
        "MCP_ISSUER",
        "MCP_RESOURCE",
    }
    env = {name: value for name, value in os.environ.items() if name not in told}
    env |= {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def manage(*args, **extra):
        command = [sys.executable, "manage.py", *args]
        return {"args": command, "cwd": copy, "env": env | extra, "text": True}

    return manage


def run(kwargs):
    return subprocess.run(**kwargs, capture_output=True, check=False)


@pytest.fixture(scope="module")
def started(example):
    """Start the example on a free port; return that port and all it says until it serves."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with subprocess.Popen(
        **example("start", f"127.0.0.1:{port}"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            # Django says so once it listens.
            if "development server at" in line:
                break
        try:
            yield port, "".join(said)
        finally:
            process.terminate()


@pytest.fixture
def ask(started):
    """Request a path of the running example."""
    port, _ = started

    def ask(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=names)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response, body

    return ask


def test_check_is_silent(example):
    result = run(example("check", "--fail-level", "INFO"))
    assert result.stdout == "System check identified no issues (0 silenced).\n"
    assert result.returncode == 0


def test_deployment_check_is_silent_behind_a_proxy(example):
    given = {"HTTPS": "1", "MCP_ISSUER": "https://app.example.com"}
    result = run(example("check", "--deploy", "--fail-level", "INFO", **given))
    assert result.stdout == "System check identified no issues (1 silenced).\n", result.stderr
    assert result.returncode == 0


def has_tables(database):
    # The checks of Django 6.1 connect to it, and SQLite makes a file without tables then.
    with closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("SELECT name FROM sqlite_master").fetchall())


@pytest.mark.parametrize("address", ["18433", "0.0.0.0:18433", "127.0.0.1:0", "127.0.0.1:x"])
def test_start_refuses_an_address_for_which_it_cannot_print_urls(address):
    with pytest.raises(CommandError, match=f"^{re.escape(address)}: "):
        start.Command().handle(address=address)


def test_start_judges_the_address_before_it_changes_anything(example, tmp_path):
    database = tmp_path / "db.sqlite3"
    result = run(example("start", "127.0.0.1:x", DATABASE=str(database)))
    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: 127.0.0.1:x: ")
    assert not has_tables(database)


def test_start_changes_nothing_where_somebody_else_serves(example, tmp_path):
    database = tmp_path / "db.sqlite3"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run(example("start", f"127.0.0.1:{port}", DATABASE=str(database)))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"CommandError: 127.0.0.1:{port}: Address already in use.")
    assert f"start 127.0.0.1:{port + 1}" in result.stderr
    assert not has_tables(database)


def test_no_migration_is_missing(example):
    result = run(example("makemigrations", "--check", "--dry-run"))
    assert (result.stdout, result.returncode) == ("No changes detected\n", 0)


def test_start_prints_urls_that_answer(started, ask):
    port, said = started
    paths = re.findall(rf"^\S.* http://127\.0\.0\.1:{port}(/\S*)$", said, re.MULTILINE)
    servers, pages = {"/mcp", "/reports/mcp"}, {"/", f"{PRM}/mcp", ASM, JWKS, CATALOG}
    assert set(paths) == servers | pages | {"/admin/"}
    assert {ask(path)[0].status for path in pages} == {200}
    assert {ask(path, "POST")[0].status for path in servers} == {401}


def test_start_gives_the_demo_user_another_password_each_time(started):
    assert re.search(r"demo / \S{12}\n", started[1])


def test_admin_asks_for_the_demo_user(ask):
    response, _ = ask("/admin/")
    assert (response.status, response.getheader("location")) == (302, "/admin/login/?next=/admin/")


def test_home_page_links_the_documents_and_they_answer(ask):
    _, page = ask("/")
    links = re.findall(r'href="(/\.well-known/[^"]+|/[^"]+/server-card)"', page)
    assert links == [PRM, ASM, JWKS, CATALOG, "/mcp/server-card", "/reports/mcp/server-card"]
    for link in links:
        response, body = ask(link)
        assert response.status == 200
        assert isinstance(json.loads(body), dict)


def test_documents_tell_the_address_of_the_example(started, ask):
    port, _ = started
    assert json.loads(ask(f"{PRM}/mcp")[1])["resource"] == f"http://127.0.0.1:{port}/mcp"
    assert json.loads(ask(ASM)[1])["issuer"] == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", [PRM, ASM, JWKS, CATALOG, "/mcp/server-card"])
def test_discovery_is_open_though_the_rest_of_the_site_is_not(ask, path):
    headers = {"origin": "https://other.example.com", "access_control_request_method": "GET"}
    for method, status in (("GET", 200), ("OPTIONS", 204)):
        response, _ = ask(path, method, **headers)
        assert response.status == status
        assert response.getheader("access-control-allow-origin") == "*"
    assert ask("/", **headers)[0].getheader("access-control-allow-origin") is None


def test_site_is_open_to_scripts_of_one_origin_alone(ask):
    one = "https://client.example.com"
    for origin, allowed in ((one, one), ("https://other.example.com", None), ("null", None)):
        response, _ = ask(f"{OAUTH}/login", origin=origin)
        assert response.getheader("access-control-allow-origin") == allowed


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp", f"{OAUTH}/token", f"{OAUTH}/register"])
def test_what_takes_a_token_is_open_to_scripts_of_every_origin(ask, path):
    headers = {"origin": "https://other.example.com", "access_control_request_method": "POST"}
    response, _ = ask(path, "OPTIONS", **headers)
    assert response.status in (200, 204)
    allowed = response.getheader("access-control-allow-origin")
    assert allowed == ("*" if path.startswith(OAUTH) else "https://other.example.com")
    assert response.getheader("access-control-allow-credentials") is None


PROMISE = "authorization_response_iss_parameter_supported"


@pytest.mark.parametrize("given", [{}, {"MCP_ISSUER": "https://a.example.com"}])
def test_iss_is_promised_only_by_a_pinned_issuer(example, given):
    code = "from django.conf import settings as s; print(*s.MCP_AUTHORIZATION_SERVER_METADATA)"
    result = run(example("shell", "--verbosity", "0", "--command", code, **given))
    assert (PROMISE in result.stdout.split()) is bool(given), result.stderr


def test_environment_pins_who_the_example_is(example):
    code = "from django.conf import settings as s; print(s.MCP_ISSUER, s.MCP_RESOURCE)"
    pins = {"MCP_ISSUER": "https://a.example.com", "MCP_RESOURCE": "https://a.example.com/b"}
    result = run(example("shell", "--verbosity", "0", "--command", code, **pins))
    assert result.stdout == "https://a.example.com https://a.example.com/b\n"
