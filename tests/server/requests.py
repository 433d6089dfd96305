"""Send the same request to Django's handlers and to the entries in front of them."""

from __future__ import annotations

import asyncio
from io import BytesIO

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from mcp_oauth_discovery.server import discovery_asgi, discovery_wsgi


class Counted:
    """An application that counts the requests that reach it."""

    def __init__(self, application):
        self.application = application
        self.requests = 0

    def __call__(self, *args):
        self.requests += 1
        return self.application(*args)


class WSGI:
    """A site behind a WSGI server, with and without the entry."""

    def __init__(self):
        self.django = Counted(WSGIHandler())
        self.entry = discovery_wsgi(self.django)

    def ask(self, application, path, method="GET", headers=(), **environ):
        """Return status line, headers and body, as a server would send them."""
        path, _, query = path.partition("?")
        names = {"content-length": "CONTENT_LENGTH"}
        given = [
            (names.get(name, f"HTTP_{name.upper().replace('-', '_')}"), value)
            for name, value in [("host", "app.example.com"), *dict(headers).items()]
            if value is not None
        ]
        sent = []
        body = application(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": path.encode().decode("latin-1"),
                "QUERY_STRING": query,
                "SCRIPT_NAME": "",
                "SERVER_NAME": "127.0.0.1",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.url_scheme": "https",
                "wsgi.input": BytesIO(b"{}"),
                "wsgi.errors": BytesIO(),
                **dict(given),
                **environ,
            },
            lambda status, headers: sent.extend([status, headers]),
        )
        octets = b"".join(body)
        getattr(body, "close", lambda: None)()
        return *sent, octets

    def ask_all(self, requests):
        """Return the answers to several requests, each an application, a path and a method."""
        return [self.ask(*request) for request in requests]

    def ask_each(self, applications, *args, **kwargs):
        """Return the answer of each application to the same request."""
        return [self.ask(application, *args, **kwargs) for application in applications]


def as_lines(headers):
    """Return headers as ASGI servers pass them."""
    given = {name: value for name, value in headers.items() if value is not None}
    return [(name.encode(), value.encode("latin-1")) for name, value in given.items()]


class ASGI:
    """A site behind an ASGI server, with and without the entry."""

    def __init__(self):
        self.django = Counted(ASGIHandler())
        self.entry = discovery_asgi(self.django)

    def ask(self, application, path, method="GET", headers=(), **scope):
        """Return the messages that a server would get."""
        return asyncio.run(self.aask(application, path, method, headers, **scope))

    def ask_all(self, requests):
        """Return the answers to several requests, one after the other in one event loop."""

        async def ask():
            return [await self.aask(*request) for request in requests]

        return asyncio.run(ask())

    def ask_each(self, applications, *args, **kwargs):
        """Return the answer of each application to the same request, in one event loop."""

        async def ask():
            return [await self.aask(one, *args, **kwargs) for one in applications]

        return asyncio.run(ask())

    async def aask(self, application, path, method="GET", headers=(), lines=(), **scope):
        path, _, query = path.partition("?")
        given = {"host": "app.example.com", **dict(headers)}
        messages = []

        async def receive():
            if messages or receive.is_read:
                await asyncio.sleep(30)
            receive.is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            messages.append(message)

        receive.is_read = False
        await application(
            {
                "type": "http",
                "method": method,
                "path": path,
                "query_string": query.encode(),
                "root_path": "",
                "scheme": "https",
                "headers": lines or as_lines(given),
                **scope,
            },
            receive,
            send,
        )
        return messages
