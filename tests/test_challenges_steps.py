"""The first part of `docs/challenges.md`, step by step: its views, settings and requests."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path, resolve

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.protection import Operation
from mcp_oauth_discovery.signals import token_refused
from tests.integrations.pages import Curl, parse_curl
from tests.markdown import blocks, first_column, section
from tests.steps import PAGE, START, lines, made_token, message, python, run, sent, settings_of

STEPS = (
    "Protect a view",
    "A scope for each tool",
    "Open operations",
    "Tokens from elsewhere",
    "Pages of other origins",
    "Why a token was refused",
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    """The settings that the page has its reader write, and a key."""
    code = blocks(START, "python")[0]
    with override_settings(**settings_of(code), MCP_SIGNING_ALGORITHMS=["EdDSA"]):
        rotation.rotate("EdDSA")
        yield


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The shell variables that the page sets at its start."""
    found = {}
    for line in lines(PAGE):
        name, is_variable, value = line.partition("=")
        if not (is_variable and name.isupper()):
            continue
        found[name] = made_token(monkeypatch, value) if "$(" in value else shlex.split(value)[0]
    return found


@pytest.fixture
def ask(settings: LazySettings, variables: dict[str, str]) -> Callable[[object, str], Any]:
    """Send a `curl` of the page to a view at `/mcp`."""

    def answer(view: object, line: str) -> tuple[Curl, HttpResponse]:
        settings.ROOT_URLCONF = (
            path("", include("mcp_oauth_discovery.urls")),
            path("mcp", view),
        )
        request = parse_curl(line.removeprefix("curl "), variables)
        return request, sent(request)

    return answer


@pytest.mark.parametrize("heading", STEPS)
def test_requests_get_the_shown_status(ask, heading):
    shown = python(heading)
    views = [code for code in shown if "def mcp" in code] or python("Protect a view")
    view = run(views[1 if heading == "Tokens from elsewhere" else 0]).mcp
    values = settings_of(shown[0]) if heading == "Pages of other origins" else {}
    requests = [line for line in lines(section(PAGE, heading)) if line.startswith("curl ")]
    assert requests
    with override_settings(**values):
        for line in requests:
            request, response = ask(view, line)
            assert response.status_code == request.status, line
            for promise in re.findall(r"# \d+, (.+)$", line):
                kept = {
                    "with the challenge": 'Bearer resource_metadata="',
                    "the metadata": "authorization_servers",
                }.get(promise, f'error="{promise}"')
                said = response.headers.get("WWW-Authenticate", "") + response.content.decode()
                assert kept in said, line


@pytest.mark.parametrize(
    ("heading", "number", "line"),
    [
        ("Protect a view", 0, "curl -si -X POST $MCP # 401"),
        (
            "A scope for each tool",
            0,
            'curl -si $MCP -H "Authorization: Bearer $TOKEN" -d "$DELETE" # 403',
        ),
    ],
)
def test_challenge_is_the_shown_one(ask, heading, number, line):
    [shown] = blocks(section(PAGE, heading), "text")
    _, response = ask(run(python(heading)[number]).mcp, line)
    assert shown == f"WWW-Authenticate: {response['WWW-Authenticate']}\n"


def test_urls_route_the_view(monkeypatch, settings):
    view = run(python("Protect a view")[0])
    monkeypatch.setitem(sys.modules, "project", ModuleType("project"))
    monkeypatch.setitem(sys.modules, "project.views", view)
    settings.ROOT_URLCONF = tuple(run(python("Protect a view")[1]).urlpatterns)
    assert resolve("/mcp").func is view.mcp
    assert Client().get("/.well-known/oauth-protected-resource/mcp").status_code == 200


def status(ask: Any, view: object, token: str | None, body: str) -> int:
    header = f' -H "Authorization: Bearer {token}"' if token else ""
    return ask(view, f"curl -si $MCP{header} -d {shlex.quote(body)} # 200")[1].status_code


def test_function_asks_for_the_scopes_of_an_operation(ask, variables):
    view = run(python("A scope for each tool")[1]).mcp
    token, writer = variables["TOKEN"], variables["WRITER"]
    assert status(ask, view, token, message("tools/call", name="read_file")) == 200
    assert status(ask, view, token, message("tools/call", name="delete_file")) == 403
    assert status(ask, view, writer, message("tools/call", name="delete_file")) == 200
    assert status(ask, view, writer, message("resources/read", uri="reports://1")) == 403
    # Nothing from a client is an error of the site.
    assert status(ask, view, token, message("tools/call", name=7, arguments=7)) == 200


def test_attributes_of_operations_are_those_in_the_table():
    rows = first_column(section(PAGE, "A scope for each tool"))
    assert rows == [field.name for field in dataclasses.fields(Operation)]


def test_scope_that_implies_another_is_enough(ask, monkeypatch):
    [code] = python("Scopes that contain others")
    scope = 'SCOPE="files:admin"'
    token = made_token(
        monkeypatch, f"$({scope} python manage.py shell --no-imports < make_token.py)"
    )
    view = run(python("A scope for each tool")[0]).mcp
    call = message("tools/call", name="delete_file")
    assert status(ask, view, token, call) == 403
    with override_settings(**settings_of(code)):
        assert status(ask, view, token, call) == 200
        assert status(ask, view, token, message("tools/list")) == 200


def test_function_opens_single_tools(ask):
    view = run(python("Open operations")[1]).mcp
    assert status(ask, view, None, message("tools/list")) == 200
    assert status(ask, view, None, message("tools/call", name="search_docs")) == 200
    assert status(ask, view, None, message("tools/call", name="delete_file")) == 401
    assert status(ask, view, None, "[]") == 401


def test_open_methods_are_those_of_mcp():
    methods = run(python("Open operations")[0]).OPEN
    assert len(methods) == len(set(methods))
    assert set(run(python("Open operations")[1]).OPEN_METHODS) <= set(methods)


def test_result_of_a_tool_is_the_shown_one(rf, variables):
    heading = "A challenge from inside a tool"
    [shown] = blocks(section(PAGE, heading), "json")
    call_tool = run(python(heading)[0]).call_tool
    request = rf.post("/mcp")
    request.mcp_claims = {}
    assert call_tool(request, "delete_file") == json.loads(shown)
    request.mcp_claims = {"scope": "mcp files:write"}
    assert call_tool(request, "delete_file")["isError"] is False


def test_token_of_this_site_is_not_one_of_a_provider(ask):
    view = run(python("Tokens from elsewhere")[0]).mcp
    line = 'curl -si -X POST $MCP -H "Authorization: Bearer $TOKEN" # 401'
    assert ask(view, line)[1].status_code == 401


def test_user_of_the_token_is_the_user_of_the_request(ask, variables):
    view = run(python("Users")[0]).mcp
    line = f'curl -si -X POST $MCP -H "Authorization: Bearer {variables["TOKEN"]}" # 200'
    assert ask(view, line)[1].json() == {"hello": "ada"}


def test_line_of_the_log_is_the_shown_one(ask, caplog):
    caplog.set_level(logging.INFO, "mcp_oauth_discovery")
    text = section(PAGE, "Why a token was refused")
    [line] = [line for line in lines(text) if line.startswith("curl ")]
    ask(run(python("Protect a view")[0]).mcp, line)
    [record] = [one for one in caplog.records if one.name == "mcp_oauth_discovery"]
    assert blocks(text, "text") == [f"{record.levelname} {record.event} {record.getMessage()}\n"]


def test_command_ends_with_the_shown_words(settings, monkeypatch, variables):
    settings.ROOT_URLCONF = (path("mcp", run(python("Protect a view")[0]).mcp),)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(variables["OTHER"].encode())))
    with pytest.raises(CommandError) as caught:
        call_command("mcp_discovery", "token", stdout=io.StringIO())
    assert f"`{caught.value}`" in section(PAGE, "Why a token was refused")


def test_receiver_counts_refusals(ask):
    receiver = run(python("Why a token was refused")[0])
    try:
        view = run(python("Protect a view")[0]).mcp
        ask(view, 'curl -si -X POST $MCP -H "Authorization: Bearer $OTHER" # 401')
    finally:
        token_refused.disconnect(receiver.count)
    assert receiver.REFUSALS == {("http://127.0.0.1:8000/mcp", "wrong_audience"): 1}
