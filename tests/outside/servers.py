"""A server on the loopback interface that answers what a test tells it to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Received(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str
    # Two requests from one port came through one connection.
    port: int


class Reply(NamedTuple):
    """A reply; the body is sent as it is if it is bytes, else as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = {}


Respond = Callable[[BaseHTTPRequestHandler], None]


class StandIn:
    """Has a reply, or a function that writes one, for each path. Other paths are 404."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Respond] = {}
        self.received: list[Received] = []
        # Set when the test is over, so that replies that hang end.
        self.is_over = threading.Event()
        self.origin = ""

    def paths(self) -> list[str]:
        return [request.path for request in self.received]

    def path(self, url: str) -> str:
        return urlsplit(url).path

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Accept a request, and never answer it."""
        self.is_over.wait()

    def drip(self, document: Any, *, head: bool = False) -> Respond:
        """Return a reply that is complete, but octet by octet: all of it, or its body alone."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            body = json.dumps(document).encode()
            start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            slow = start + body if head else body
            if not head:
                handler.wfile.write(start)
            for octet in slow:
                if self.is_over.wait(0.02):
                    return
                handler.wfile.write(bytes([octet]))

        return respond


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"
    # Otherwise each answer takes 40 ms, for its head and body are sent apart.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # A client that has waited long enough.
            self.close_connection = True

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = self.client_address[1]
        self.stand_in.received.append(Received(self.command, self.path, headers, body, port))
        reply = self.stand_in.replies.get(self.path, Reply({"error": "not_found"}, 404))
        if isinstance(reply, Reply):
            self.send(reply)
        else:
            self.close_connection = True
            reply(self)

    def send(self, reply: Reply) -> None:
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_CONNECT(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    stand_in = StandIn()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (Handler,), {"stand_in": stand_in})
    )
    server.daemon_threads = True
    # Refused handshakes are the subject of tests.
    server.handle_error = lambda request, client_address: None
    if context:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    stand_in.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
