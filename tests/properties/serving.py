"""Request URLs as servers do: each decodes the path in its own way before Django gets it."""

from __future__ import annotations

import json
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from tests.server.requests import ASGI, WSGI


class Served(NamedTuple):
    """What a client gets: the status, the headers and the octets of the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def members(self):
        return json.loads(self.body)


def raw_target(url):
    """Return the path and the query of a URL, as clients write them in the request line."""
    _, _, rest = url.partition("://")
    start = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
    path, mark, query = rest[start:].partition("?")
    return path or "/", query if mark else ""


def by_wsgi(url, host="app.example.com"):
    """Ask as gunicorn does: PATH_INFO has the decoded octets."""
    path, query = raw_target(url)
    server = WSGI()
    octets = unquote_to_bytes(path).decode("latin-1")
    answer = server.ask(
        server.entry, "/", headers={"host": host}, PATH_INFO=octets, QUERY_STRING=query
    )
    status, headers, body = answer
    return Served(int(status[:3]), dict(headers), body)


async def _with_path(application, path, scope, receive, send):
    await application({**scope, "path": path}, receive, send)


def by_asgi(url, host="app.example.com"):
    """Ask as uvicorn does: the path is text, and octets that are not UTF-8 are replaced."""
    path, query = raw_target(url)
    server = ASGI()
    sent = {"raw_path": path.encode(), "query_string": query.encode()}
    # A question mark that was decoded belongs to the path.
    start, body = server.ask(
        partial(_with_path, server.entry, unquote(path)), "/", headers={"host": host}, **sent
    )
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Served(start["status"], headers, body["body"])
