"""Connections to a host: its addresses, TLS, and a socket with limits."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.deadlines import Deadline, Late
from mcp_oauth_discovery.doctor.transport.messages import Speech, Trouble

Addresses = list[tuple[Any, ...]]
Resolver = Callable[[str, int], Addresses]

# If none of these can be reached, further addresses of the host will not help.
_MOST_ADDRESSES = 4
# The reasons that releases of OpenSSL give for an answer without TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


class NotReached(Exception):
    """There is no connection; `trouble` is the kind of problem."""

    def __init__(self, trouble: Trouble, reason: str, speech: Speech | None = None) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.speech = speech


class LateHandshake(Late):
    """The deadline passed during the TLS handshake."""


def resolve(host: str, port: int) -> Addresses:
    """Return the addresses of a host as the system knows them."""
    return cast(Addresses, socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def look_up(host: str, port: int, resolver: Resolver, deadline: Deadline) -> Addresses:
    """Return the addresses of a host in time; the system's own look-up has no deadline."""
    results: list[Addresses | Exception] = []

    def call_resolver() -> None:
        try:
            results.append(resolver(host, port))
        except (OSError, UnicodeError) as error:
            results.append(error)

    thread = threading.Thread(target=call_resolver, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not results:
        raise Late
    if isinstance(results[0], Exception):
        raise NotReached(Trouble.NAME, f"{results[0]}")
    return results[0]


def connect(addresses: Addresses, deadline: Deadline) -> socket.socket:
    """Return a socket that is connected to the first address that accepts."""
    problem: object = gettext("no address")
    for family, kind, protocol, _, address in addresses[:_MOST_ADDRESSES]:
        left = deadline.left()
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left)
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    deadline.left()
    raise NotReached(Trouble.REFUSED, f"{problem}")


def secure(
    context: ssl.SSLContext, connection: socket.socket, host: str, deadline: Deadline
) -> socket.socket:
    """Return a connection after the TLS handshake; close it if that fails."""
    try:
        connection.settimeout(deadline.left())
        # Encode the name first: Python leaves the socket open if it cannot.
        host.encode("idna")
        return context.wrap_socket(connection, server_hostname=host)
    except (Late, TimeoutError) as error:
        connection.close()
        raise LateHandshake from error
    except (OSError, ValueError) as error:
        connection.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise NotReached(Trouble.TLS, error.verify_message) from error
        if getattr(error, "reason", "") in _NO_TLS:
            reason = gettext("the port answers without TLS, most likely in plain HTTP")
            raise NotReached(Trouble.TLS, reason, Speech.HTTP) from error
        # A ValueError means that TLS cannot encode the host name.
        speech = Speech.OTHER_TLS if isinstance(error, OSError) else None
        raise NotReached(Trouble.TLS, str(error), speech) from error


class LimitedSocket:
    """A connected socket for `http.client`: one deadline for all it does, and `limit` octets.

    The timeout of a plain socket restarts with each octet.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._limit = limit

    def __enter__(self) -> LimitedSocket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.left())
        try:
            self._connection.sendall(data)
        except TimeoutError as error:
            raise Late from error

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Octets(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Read the octets that have arrived, in the remaining time."""
        self._connection.settimeout(self._deadline.left())
        try:
            received = self._connection.recv_into(buffer)
        except TimeoutError as error:
            raise Late from error
        self._limit -= received
        if self._limit < 0:
            raise OSError(gettext("the answer is larger than any metadata"))
        return received


class _Octets(io.RawIOBase):
    """The octets that a `LimitedSocket` receives."""

    def __init__(self, connection: LimitedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._connection.receive_into(buffer)
