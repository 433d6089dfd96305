"""Sends octets as they are, on connections that stay open for as long as the server lets them."""

from __future__ import annotations

import socket
from contextlib import suppress

from tests.clients.deployments import HOST
from tests.robustness.attack.replies import Reply, first
from tests.robustness.attack.requests import Request

# Seconds. A server that sends nothing for so long is stuck.
PATIENCE = 120
# Seconds after which the client sends no more, because the server waits for the rest of a body.
PAUSE = 0.5


class Client:
    """Sends requests to one server, one at a time, and keeps several connections open.

    A request that does not say where it ends has a connection of its own.
    """

    def __init__(self, port: int, connections: int = 4) -> None:
        self._port = port
        self._kept: list[socket.socket | None] = [None] * connections

    def close(self) -> None:
        for connection in filter(None, self._kept):
            connection.close()
        self._kept = [None] * len(self._kept)

    def ask(self, request: Request) -> list[Reply]:
        """Return the answers to a request: none if the server closes the connection instead.

        Raises `ValueError` for octets that are no answer, and `TimeoutError` if there are none.
        """
        if not request.is_framed:
            with self._connection() as connection:
                return _every_answer(connection, request)
        place = request.index % len(self._kept)
        kept = self._kept[place]
        replies = self._ask_on(kept, place, request) if kept else []
        # The server may have closed an idle connection. Then a new one is tried.
        return replies or self._ask_on(self._connection(), place, request)

    def _connection(self) -> socket.socket:
        return socket.create_connection((HOST, self._port), timeout=PATIENCE)

    def _ask_on(self, connection: socket.socket, place: int, request: Request) -> list[Reply]:
        reply, is_open = _one_answer(connection, request)
        self._kept[place] = connection if is_open else None
        if not is_open:
            connection.close()
        return [reply] if reply else []


def _one_answer(connection: socket.socket, request: Request) -> tuple[Reply | None, bool]:
    """Return the answer, and whether the connection can be used again."""
    _send(connection, request)
    method, octets = request.method.decode("latin-1"), b""
    while True:
        received = _receive(connection)
        octets += received
        parsed = first(octets, method, is_complete=not received)
        if parsed is not None:
            reply, rest = parsed
            if rest:
                raise ValueError(f"octets after the answer: {rest[:60]!r}")
            closes = "close" in ",".join(reply.all("connection")).lower()
            return reply, bool(received) and not closes and b"HTTP/1.0" not in octets[:8]
        if not received:
            return None, False


def _every_answer(connection: socket.socket, request: Request) -> list[Reply]:
    """Return all answers until the server closes the connection."""
    _send(connection, request)
    connection.settimeout(PAUSE)
    octets, is_waiting = b"", True
    while True:
        try:
            received = _receive(connection)
        except TimeoutError:
            if not is_waiting:
                raise
            is_waiting = False
            connection.settimeout(PATIENCE)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            continue
        if not received:
            break
        octets += received
    replies, method = [], request.method.decode("latin-1")
    while parsed := first(octets, method, is_complete=True):
        reply, octets = parsed
        replies.append(reply)
        # What follows is the answer to a request that the server saw in the body.
        method = "GET"
    return replies


def _send(connection: socket.socket, request: Request) -> None:
    # The server may answer and close the connection before it has read everything.
    with suppress(ConnectionError):
        connection.sendall(request.octets)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""
