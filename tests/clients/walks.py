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

PYTHON = {"mcp-2": "mcp>=2,<3", "mcp-1": "mcp>=1,<2"}
CLIENTS = [*PYTHON, "client-2", "sdk-1"]


@dataclass
class Walked:
    """How it went: what the client has noted, got and said, and what its user was asked."""

    notes: list[str]
    results: list[Any]
    error: dict[str, str] | None
    answers: list[Answered] = field(default_factory=list)

    def essence(self, path: str) -> list[str]:
        """Return the notes without greetings, which are each client's own, and without streams.

        A stream that the server has no use for is asked for aside of everything else.
        """
        aside = {f"POST {path} 200", f"POST {path} 202", f"GET {path} 405"}
        return [note for note in self.notes if note not in aside]


def program(client: str) -> list[str]:
    """Return the command that runs a client; what has to come after it is `RESOURCE STEP...`."""
    if client in PYTHON:
        interpreter = python_with(client, PYTHON[client])
        return [str(interpreter), "-I", str(Path(__file__).with_name("walk.py"))]
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
