"""What `docs/challenges.md` has its reader write and run: code, settings, tokens, requests."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.integrations.pages import Curl
from tests.markdown import blocks, read, section

PAGE = read("docs/challenges.md")
START = section(PAGE, "Before you start")


def run(code: str) -> SimpleNamespace:
    """Return the names that a block of the page defines."""
    names: dict[str, Any] = {"__name__": "steps"}
    exec(compile(code, "docs/challenges.md", "exec"), names)  # noqa: S102
    return SimpleNamespace(**names)


def settings_of(code: str) -> dict[str, Any]:
    names = vars(run(code)).items()
    return {name: value for name, value in names if name.startswith("MCP_")}


def python(heading: str) -> list[str]:
    return blocks(section(PAGE, heading), "python")


def lines(text: str) -> list[str]:
    return "".join(blocks(text, "console")).splitlines()


def made_token(monkeypatch: pytest.MonkeyPatch, command: str) -> str:
    """Do what `$(NAME=value python manage.py shell --no-imports < make_token.py)` does."""
    suffix = "python manage.py shell --no-imports < make_token.py)"
    assert command.endswith(suffix), command
    given = shlex.split(command.removeprefix("$(").removesuffix(suffix))
    with monkeypatch.context() as environment, contextlib.redirect_stdout(io.StringIO()) as out:
        for assignment in given:
            environment.setenv(*assignment.split("=", 1))
        run(blocks(START, "python")[1])
    return out.getvalue().strip()


def sent(request: Curl) -> HttpResponse:
    return Client().generic(
        request.method,
        urlsplit(request.url).path,
        request.body or "",
        content_type=request.headers.get("Content-Type", ""),
        headers=request.headers,
    )


def message(method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
