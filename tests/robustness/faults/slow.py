"""A stand-in for a slow wire: it holds each query for a while before PostgreSQL gets it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.databases.postgresql import PostgreSQL

# PostgreSQL's own name for the socket of its default port.
NAME = ".s.PGSQL.5432"
# The first octets of messages that begin a query: simple, or with parameters.
QUERIES = (b"Q", b"P", b"B")


class Wire:
    """Passes octets between clients and a server; `delay` is in seconds for each query."""

    def __init__(self, server: Path) -> None:
        self.delay = 0.0
        self._server = server

    def carry(self, client: socket.socket) -> None:
        """Pass octets both ways until an end closes its connection."""
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while octets := source.recv(65536):
                if self.delay and octets.startswith(QUERIES):
                    time.sleep(self.delay)
                target.sendall(octets)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        self.delay = seconds
        try:
            yield
        finally:
            self.delay = 0.0


@contextmanager
def wire_to(server: PostgreSQL, directory: Path) -> Iterator[Wire]:
    """Listen in a directory, and carry what comes there to the server."""
    wire = Wire(server.socket / NAME)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / NAME))
        listener.listen(64)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=wire.carry, args=(client,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
