"""mcp-remote, by which a program that knows only stdio lets its user sign in to a server."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import CHECKOUT
from tests.clients.environments import program_of_npm
from tests.clients.programs import PATIENCE, Program, running
from tests.clients.sites import USER, Site
from tests.clients.users import User, user_at

pytestmark = pytest.mark.clients

README = (CHECKOUT / "README.md").read_text()
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "Test", "version": "1"},
}


def answer(program: Program, user: User, button: str = "Allow") -> str:
    """Do with the link that is printed what its text asks for; return what is said to it."""
    program.err.find("Please authorize this client by visiting:")
    return user.answer(program.err.find(r"http\S+"), button).question


def send(program: Program, method: str, **params: Any) -> None:
    message = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
    program.say(json.dumps(message))


def receive(program: Program) -> dict[str, Any]:
    return json.loads(program.out.find(r".*"))["result"]


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., AbstractContextManager[Program]]:
    """Return a function that runs mcp-remote with some arguments; the first is a URL."""
    # Of a user who has no desktop, for it would open a browser there.
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BROWSER": "true"}

    # It gives its user half a minute, which is short for a browser that has to wait its turn.
    patience = ["--auth-timeout", str(PATIENCE)]

    def started(*arguments: str, program: str = "mcp-remote") -> AbstractContextManager[Program]:
        return running([*program_of_npm(program), *arguments, *patience], env=own)

    return started


def test_user_signs_in_by_the_link_that_is_printed(start: Any, site: Site, browser: Browser):
    with start(site.mcp) as program, user_at(browser, site.origin) as user:
        send(program, "initialize", **INITIALIZE)
        assert site.mcp in answer(program, user)
        assert receive(program)["serverInfo"]["name"] == "people"
        send(program, "tools/list")
        assert [one["name"] for one in receive(program)["tools"]] == ["whoami", "set_first_name"]
        send(program, "tools/call", name="whoami", arguments={})
        assert receive(program)["structuredContent"]["username"] == USER


def test_command_of_the_readme_shows_the_tools(start: Any, site: Site, browser: Browser):
    pattern = r"npx --package mcp-remote (\S+) http://127\.0\.0\.1:8000/mcp`"
    [name] = re.findall(pattern, README)
    with start(site.mcp, program=name) as program, user_at(browser, site.origin) as user:
        answer(program, user)
        assert any("whoami" in line for line in [*program.out, *program.err])


# In the middle of a session it asks the user again, and for no more than before.
WIDER = ["--static-oauth-client-metadata", '{"scope": "mcp reports"}']


def test_wider_scope_is_to_be_named_at_the_start(start: Any, site: Site, browser: Browser):
    with start(site.reports, *WIDER) as program, user_at(browser, site.origin) as user:
        send(program, "initialize", **INITIALIZE)
        assert "Read the reports about this site" in answer(program, user)
        receive(program)
        send(program, "tools/call", name="list_keys", arguments={})
        assert receive(program)["structuredContent"]["keys"]


def test_user_who_cancels_is_told_so(start: Any, site: Site, browser: Browser):
    with start(site.mcp) as program, user_at(browser, site.origin) as user:
        send(program, "initialize", **INITIALIZE)
        answer(program, user, "Cancel")
        assert program.err.find("Authorization failed: access_denied")
