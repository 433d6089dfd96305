"""MCP Inspector is let in to the example: on its command line, and in the page that it opens."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.deployments import HOST, free_port
from tests.clients.environments import mcp_inspector
from tests.clients.programs import running
from tests.clients.sites import USER, Site
from tests.clients.users import press, sign_in, user_at
from tests.markdown import read, section

pytestmark = pytest.mark.clients

LINK = re.compile(r"http://\S+/oauth/mcp/authorize\S+")
PAGE = re.compile(r"http://\S+\?MCP_INSPECTOR_API_TOKEN=\S+")
STEPS = section(read("README.md"), "Try the example")


def call(tool: str, url: str, site: Site, browser: Browser, home: Path) -> tuple[str, Any]:
    """Call one tool; return what the user was asked on the way, and what the tool has answered."""
    # It asks nobody without a terminal, unless it may open a browser; this one does nothing.
    own = {"PATH": os.environ["PATH"], "HOME": str(home), "BROWSER": "true"}
    own["MCP_AUTO_OPEN_ENABLED"] = "true"
    callback = f"http://{HOST}:{free_port()}/oauth/callback"
    arguments = ["--cli", "--server-url", url, "--callback-url", callback]
    arguments += ["--method", "tools/call", "--tool-name", tool]
    with (
        running([*mcp_inspector(), *arguments], env=own) as program,
        user_at(browser, site.origin) as user,
    ):
        question = user.answer(program.err.find(LINK)).question
        return question, json.loads("".join(program.out))["structuredContent"]


def test_user_is_let_in(site: Site, browser: Browser, tmp_path: Path):
    question, person = call("whoami", site.mcp, site, browser, tmp_path)
    assert site.mcp in question
    assert person["username"] == USER


def test_all_scopes_are_asked_for_at_once(site: Site, browser: Browser, tmp_path: Path):
    question, report = call("list_keys", site.reports, site, browser, tmp_path)
    assert "Read the reports about this site" in question
    assert report["keys"]


def told(pattern: str) -> str:
    """Return what the README tells newcomers in one place."""
    [found] = re.findall(pattern, STEPS)
    return found


@pytest.fixture
def page(site: Site, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Open the page of the Inspector that the README starts, with another port for the site."""
    command = told(r"`npx @modelcontextprotocol/inspector (.+?)`")
    arguments = command.replace("http://127.0.0.1:8000", site.origin).split()
    assert site.mcp in arguments
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MCP_AUTO_OPEN_ENABLED": "false"}
    # The page wants to know its port; the two others take what there is.
    own |= {"CLIENT_PORT": str(free_port()), "MCP_SANDBOX_PORT": "0", "MCP_APP_ORIGIN_PORT": "0"}
    with (
        running([*mcp_inspector(), *arguments], env=own) as program,
        user_at(browser, site.origin) as user,
    ):
        page = user.context.new_page()
        page.goto(program.out.find(PAGE))
        yield page


def test_page_of_the_readme_connects_and_shows_the_tools(page: Page):
    # What is to be seen of it is a label, which lies over it.
    page.get_by_role("switch").click(force=True)
    page.get_by_role("button", name="Sign in").wait_for()
    assert told(r"sign in as `(\w+)`") == USER
    sign_in(page)
    press(page, told(r'Press "(\w+)"'))
    page.get_by_text("Connected", exact=True).wait_for()
    page.get_by_text("Tools", exact=True).click()
    page.get_by_role("button", name=told(r"`(\w+)` tells who you are"), exact=True).click()
    page.get_by_role("button", name="Execute Tool").click()
    page.get_by_text(f'"{USER}"', exact=True).first.wait_for()
