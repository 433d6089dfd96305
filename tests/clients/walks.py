"""What it takes to let a client walk: its program, a site, and a user at a browser."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.clients.environments import TYPESCRIPT, node_with, python_with
from tests.clients.programs import running
from tests.clients.sites import Site, requests
from tests.clients.users import Answered, user_at

PYTHON = {"mcp-2": "mcp>=2,<3", "mcp-1": "mcp>=1,<2", "fastmcp-4": "fastmcp>=4,<5"}
SCRIPTS = {"fastmcp-4": "walk_fastmcp.py"}
CLIENTS = [*PYTHON, "client-2", "sdk-1"]


@dataclass
class Walked:
    """How it went: what the client has noted, got and said, and what its user was asked."""

    notes: list[str]
    results: list[Any]
    error: dict[str, str] | None
    scope: list[str]
    answers: list[Answered] = field(default_factory=list)

    @property
    def visits(self) -> int:
        """How often the client has sent its user to the site."""
        return self.notes.count("browser /oauth/mcp/authorize")

    def essence(self, path: str) -> list[str]:
        """Return the notes without greetings, which are each client's own, and without streams.

        A stream that the server has no use for is asked for aside of everything else. FastMCP looks
        at the page for the user before it opens it.
        """
        aside = {f"POST {path} 200", f"POST {path} 202", f"GET {path} 405"}
        return [note for note in self.notes if note not in {*aside, "GET /oauth/mcp/authorize 302"}]


def program(client: str) -> list[str]:
    """Return the command that runs a client; what has to come after it is `RESOURCE STEP...`."""
    if client in PYTHON:
        interpreter = python_with(client, PYTHON[client])
        script = Path(__file__).with_name(SCRIPTS.get(client, "walk.py"))
        # As isolated as can be of a script that imports the one beside it.
        return [str(interpreter), "-E", "-s", str(script)]
    return [*map(str, node_with(TYPESCRIPT, "walk.mjs")), client]


def let_walk(
    command: list[str], site: Site, browser: Browser, button: str = "Allow", **env: str
) -> Walked:
    """Run a client to its end, and press a button of each page that it sends its user to."""
    before = len(site.log())
    answers = []
    with (
        running(command, env={**os.environ, **env}) as client,
        user_at(browser, site.origin) as user,
    ):
        for event in map(json.loads, client.out):
            match event.pop("event"):
                case "open":
                    answers.append(user.answer(event["url"], button))
                case "pause":
                    assert site.expire_access_tokens(event["client_id"])
                    client.say("go on")
                case "end":
                    failures = [one for one in requests(site.log()[before:]) if one[-3:] >= "500"]
                    assert failures == []
                    return Walked(**event, answers=answers)
    raise AssertionError("The client has ended without a word.")
