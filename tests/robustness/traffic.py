"""Many clients in one thread: each sends a request, gets the answer, and decides what is next.

A client is a generator. It yields the octets of a request and receives the `Answer`.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Generator, Iterable, Mapping
from typing import NamedTuple

from tests.clients.deployments import HOST

# Seconds. A server that does not answer within this time has failed.
PATIENCE = 60

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_WITHOUT_BODY = (204, 304)


class Answer(NamedTuple):
    """A response, and when the request was sent and the response had arrived (Unix time)."""

    status: int
    head: bytes
    body: bytes
    sent_at: float
    received_at: float

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        match = re.search(rf"(?im)^{re.escape(name)}: *(.*?)\r?$", self.head.decode("latin-1"))
        return match[1] if match else None


Client = Generator[bytes, Answer, None]


class Broken(Exception):
    """A connection that ended, or an answer that is not HTTP."""


class _Line:
    """The connection of one client. After the server has closed it, a new one is opened."""

    def __init__(self, port: int, client: Client, selector: selectors.BaseSelector) -> None:
        self._port, self._client, self._selector = port, client, selector
        self._socket: socket.socket | None = None
        self._received = b""
        self._sent_at = 0.0

    def begin(self) -> bool:
        """Send the first request; return whether the client has one."""
        try:
            self._send(next(self._client))
        except StopIteration:
            return False
        return True

    def proceed(self) -> bool:
        """Read what has arrived, and send the next request; return whether the client goes on."""
        answer = self._receive()
        if answer is None:
            return True
        if _CLOSE.search(answer.head):
            self.close()
        try:
            self._send(self._client.send(answer))
        except StopIteration:
            self.close()
            return False
        return True

    def close(self) -> None:
        if self._socket:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _send(self, octets: bytes) -> None:
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._received, self._sent_at = b"", time.time()
        self._socket.sendall(octets)

    def _receive(self) -> Answer | None:
        """Read what has arrived, and return the answer if it is complete."""
        assert self._socket is not None
        octets = self._socket.recv(65536)
        if not octets:
            raise Broken(f"The connection ended after {self._received!r}.")
        self._received += octets
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        status, length = int(head[9:12]), _LENGTH.search(head)
        if length is None and status not in _WITHOUT_BODY:
            raise Broken(f"The answer has no length: {head!r}.")
        if len(body) < (int(length[1]) if length and status not in _WITHOUT_BODY else 0):
            return None
        return Answer(status, head, body, self._sent_at, time.time())


def drive(port: int, clients: Iterable[Client]) -> None:
    """Run all clients, each on a connection of its own, until each of them has ended.

    Raises `Broken` or `OSError` if a request gets no answer.
    """
    with selectors.DefaultSelector() as selector:
        lines = [_Line(port, client, selector) for client in clients]
        try:
            going = sum([line.begin() for line in lines])
            while going:
                events = selector.select(PATIENCE)
                if not events:
                    raise Broken(f"No answer within {PATIENCE} seconds.")
                going -= sum([not key.data.proceed() for key, _ in events])
        finally:
            for line in lines:
                line.close()


def request(
    method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, close: bool = False
) -> bytes:
    """Return the octets of a request; with `close`, the server closes the connection after it."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
