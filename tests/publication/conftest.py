"""A pinned site, asked in each way that can send a kept document."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from django.test import Client

from tests import ORIGIN
from tests.server.conftest import OURS
from tests.server.requests import ASGI, WSGI


class Shown(NamedTuple):
    """What a client gets."""

    status: int
    headers: dict[str, str]
    members: dict[str, object]


def by_client(path, host="app.example.com"):
    response = Client().get(path, headers={"host": host}, secure=True)
    # The stack itself refuses a forged host, with a page.
    is_json = "json" in response["Content-Type"]
    members = response.json() if is_json else {}
    return Shown(response.status_code, dict(response.headers), members)


def by_wsgi(path, host="app.example.com"):
    server = WSGI()
    status, headers, body = server.ask(server.entry, path, headers={"host": host})
    return Shown(int(status[:3]), dict(headers), json.loads(body))


def by_asgi(path, host="app.example.com"):
    server = ASGI()
    start, body = server.ask(server.entry, path, headers={"host": host})
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Shown(start["status"], headers, json.loads(body["body"]))


@pytest.fixture(params=["view", "middleware", "wsgi", "asgi"])
def ask(request, settings, transactional_db):
    """Request a path twice, and return what the second answer shows: it may be a kept document."""
    settings.MCP_ISSUER = ORIGIN
    if request.param != "view":
        settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    way = {"wsgi": by_wsgi, "asgi": by_asgi}.get(request.param, by_client)

    def twice(path, **kwargs):
        first, second = way(path, **kwargs), way(path, **kwargs)
        assert first == second
        return second

    return twice
