"""Requests over HTTP to places that may be hostile: bounded in time, in size and in reach."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.transport.deadlines import (
    BUDGET,
    TIMEOUT,
    Deadline,
    Late,
    Patience,
    PatientSocket,
)
from mcp_oauth_discovery.doctor.transport.framing import Malformed, SpeaksTLS, read_body, read_head
from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Headers,
    Speech,
    Trouble,
    is_event_stream,
    may_go_on,
)
from mcp_oauth_discovery.doctor.transport.reachability import is_public_address
from mcp_oauth_discovery.standards.identifiers import origin

Addresses = list[tuple[Any, ...]]
Resolver = Callable[[str, int], Addresses]

# Beyond these, another address of the same host is no help.
_MOST_ADDRESSES = 4
# The document, its framing in chunks, and a hundred header lines.
_WIRE_LIMIT = 4 * SIZE_LIMIT
# The reasons that releases of OpenSSL give for an answer that is not TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


class _NotReached(Exception):
    """There is no connection; says what the trouble is."""

    def __init__(self, trouble: Trouble, reason: str, speech: Speech | None = None) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.speech = speech


class _LateHandshake(Late):
    """The time was over before the TLS handshake was."""


def resolve(host: str, port: int) -> Addresses:
    """Return the addresses of a host as the system knows them."""
    return cast(Addresses, socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


@dataclass
class HTTPTransport:
    """Asks over the network, beginning at the URL that the user named.

    No redirect is followed, nothing is decompressed, no proxy of the environment is used. Each
    answer has `timeout` seconds from its first look-up to its last octet, the whole run `budget`.
    All hosts are asked at public addresses only, unless the user's own had none but private ones
    when it was first looked up.
    """

    start: str
    timeout: float = TIMEOUT
    budget: float = BUDGET
    resolver: Resolver = resolve
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._patience = Patience(self.timeout, self.budget)
        self._home = urlsplit(self.start).hostname
        self._home_is_public: bool | None = None

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request, or why there is none."""
        if not origin(url):
            return Failure(method, url, Trouble.BROKEN, "this is not an http URL")
        mishaps: list[str] = []
        with Noted(mishaps, "the transport"):
            return self._send(method, url, headers, body)
        return Failure(method, url, Trouble.BROKEN, mishaps[0])

    def _send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer | Failure:
        deadline = self._patience.deadline()
        try:
            deadline.left()
            with self._connect(url, deadline) as connection:
                _write(connection, method, url, headers, body)
                return _read(connection, method, url, headers, deadline)
        except _NotReached as problem:
            return Failure(method, url, problem.trouble, str(problem), problem.speech)
        except Late as late:
            failure = self._patience.failure(method, url, deadline)
            is_mute = isinstance(late, _LateHandshake) and failure.trouble is Trouble.TIMEOUT
            return replace(failure, speech=Speech.NOTHING) if is_mute else failure
        except Malformed as problem:
            speech = Speech.TLS if isinstance(problem, SpeaksTLS) else None
            return Failure(method, url, Trouble.BROKEN, str(problem), speech)
        except (http.client.HTTPException, OSError) as error:
            return Failure(method, url, Trouble.BROKEN, f"{type(error).__name__}: {error}")

    def _connect(self, url: str, deadline: Deadline) -> PatientSocket:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        addresses = self._reachable(host, self._look_up(host, port, deadline))
        connection = _connected(addresses, deadline)
        if parts.scheme == "https":
            connection = self._secured(connection, host, deadline)
        return PatientSocket(connection, deadline, _WIRE_LIMIT)

    def _look_up(self, host: str, port: int, deadline: Deadline) -> Addresses:
        """Return the addresses of a host; the system's own look-up knows no deadline."""
        found: list[Addresses | Exception] = []

        def look_up() -> None:
            try:
                found.append(self.resolver(host, port))
            except (OSError, UnicodeError) as error:
                found.append(error)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(deadline.left())
        if not found:
            raise Late
        if isinstance(found[0], Exception):
            raise _NotReached(Trouble.NAME, f"{found[0]}")
        return found[0]

    def _reachable(self, host: str, addresses: Addresses) -> Addresses:
        """Return the addresses to connect to, and refuse the private network behind a public site.

        What the user's own host is, is decided once: its name may lead elsewhere the next time.
        """
        public = [one for one in addresses if is_public_address(one[4][0])]
        is_home = host == self._home
        if is_home and addresses and self._home_is_public is None:
            self._home_is_public = bool(public)
        if self._home_is_public is False or public == addresses:
            return addresses
        if is_home and public:
            return public
        private = next(one[4][0] for one in addresses if one not in public)
        raise _NotReached(Trouble.PRIVATE, f"{host} is at {private}; not contacted")

    def _secured(self, connection: socket.socket, host: str, deadline: Deadline) -> socket.socket:
        try:
            connection.settimeout(deadline.left())
            # Encode the name first: Python leaves the socket open if it cannot.
            host.encode("idna")
            # Not before it is needed: it reads every authority that the system trusts.
            self.context = self.context or ssl.create_default_context()
            return self.context.wrap_socket(connection, server_hostname=host)
        except (Late, TimeoutError) as error:
            connection.close()
            raise _LateHandshake from error
        except (OSError, ValueError) as error:
            connection.close()
            raise _failed_handshake(error) from error


def _failed_handshake(error: Exception) -> _NotReached:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _NotReached(Trouble.TLS, error.verify_message)
    if getattr(error, "reason", "") in _NO_TLS:
        reason = "the port answers without TLS, most likely in plain HTTP"
        return _NotReached(Trouble.TLS, reason, Speech.HTTP)
    # A ValueError means that TLS cannot encode the host name.
    speech = Speech.OTHER_TLS if isinstance(error, OSError) else None
    return _NotReached(Trouble.TLS, str(error), speech)


def _connected(addresses: Addresses, deadline: Deadline) -> socket.socket:
    problem: object = "no address"
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
    raise _NotReached(Trouble.REFUSED, f"{problem}")


def _write(connection: PatientSocket, method: str, url: str, headers: Headers, body: bytes) -> None:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    given = {name.lower() for name, _ in headers}
    request = http.client.HTTPConnection(parts.hostname or "")
    request.sock = cast(Any, connection)
    request.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    if "host" not in given:
        request.putheader("Host", origin(url).partition("://")[2])
    for name, value in headers:
        request.putheader(name, value)
    request.putheader("Accept-Encoding", "identity")
    request.putheader("Connection", "close")
    if method == "POST":
        request.putheader("Content-Length", str(len(body)))
    request.endheaders(body or None)


def _read(
    connection: PatientSocket, method: str, url: str, asked: Headers, deadline: Deadline
) -> Answer:
    with connection.makefile("rb") as stream:
        received = read_head(stream)
        head = Answer(method, url, received.status, received.fields, b"", True, deadline.elapsed)
        if is_event_stream(asked, head):
            return head
        try:
            content = read_body(stream, method, received, SIZE_LIMIT + 1)
        except Late:
            if may_go_on(asked, head):
                return head
            raise
    is_cut = len(content) > SIZE_LIMIT
    return replace(head, body=content[:SIZE_LIMIT], is_cut=is_cut, seconds=deadline.elapsed)
