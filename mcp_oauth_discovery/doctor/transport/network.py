"""Requests over HTTP to servers that may be hostile: limits on time, size and reachable hosts."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.mishaps import Noted
from mcp_oauth_discovery.doctor.transport import framing, sockets
from mcp_oauth_discovery.doctor.transport.deadlines import (
    BUDGET,
    TIMEOUT,
    Deadline,
    Late,
    TimeLimits,
)
from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Headers,
    Speech,
    Trouble,
    is_event_stream,
    may_be_stream,
)
from mcp_oauth_discovery.doctor.transport.reachability import is_public_address
from mcp_oauth_discovery.standards.identifiers import origin

# The document, its framing in chunks, and a hundred header lines.
_WIRE_LIMIT = 4 * SIZE_LIMIT


@dataclass
class HTTPTransport:
    """Sends requests over the network; `start` is the URL that the user named.

    It follows no redirect, decompresses nothing and ignores the proxies of the environment. Each
    answer has `timeout` seconds from the first look-up to the last octet; all have `budget`.
    It contacts public addresses only, unless the host of `start` had only private addresses
    when it was first looked up.
    """

    start: str
    timeout: float = TIMEOUT
    budget: float = BUDGET
    resolver: sockets.Resolver = sockets.resolve
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._limits = TimeLimits(self.timeout, self.budget)
        self._home = urlsplit(self.start).hostname
        self._home_is_public: bool | None = None
        self._looked_up: dict[str, tuple[str, ...]] = {}

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request, or why there is none."""
        if not origin(url):
            return Failure(method, url, Trouble.BROKEN, gettext("this is not an http URL"))
        mishaps: list[str] = []
        with Noted(mishaps, _("the transport")):
            outcome = self._send(method, url, headers, body)
            addresses = self._looked_up.get(urlsplit(url).hostname or "", ())
            return replace(outcome, addresses=addresses)
        return Failure(method, url, Trouble.BROKEN, mishaps[0])

    def _send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer | Failure:
        deadline = self._limits.deadline()
        try:
            deadline.left()
            with self._connect(url, deadline) as connection:
                framing.write_request(connection, method, url, headers, body)
                return _read(connection, method, url, headers, deadline)
        except sockets.NotReached as problem:
            return Failure(method, url, problem.trouble, str(problem), problem.speech)
        except Late as late:
            failure = self._limits.failure(method, url, deadline)
            is_handshake_late = isinstance(late, sockets.LateHandshake) and not deadline.is_last
            return replace(failure, speech=Speech.NOTHING) if is_handshake_late else failure
        except framing.Malformed as problem:
            speech = Speech.TLS if isinstance(problem, framing.SpeaksTLS) else None
            return Failure(method, url, Trouble.BROKEN, str(problem), speech)
        except (http.client.HTTPException, OSError) as error:
            return Failure(method, url, Trouble.BROKEN, f"{type(error).__name__}: {error}")

    def _connect(self, url: str, deadline: Deadline) -> sockets.LimitedSocket:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        addresses = sockets.look_up(host, port, self.resolver, deadline)
        texts = (address[4][0] for address in addresses)
        self._looked_up.setdefault(host, tuple(dict.fromkeys(texts)))
        allowed = self._allowed(host, addresses)
        if parts.scheme == "https":
            # Not before it is needed: it reads all authorities that the system trusts.
            self.context = self.context or ssl.create_default_context()
            connection = sockets.connect(allowed, deadline)
            connection = sockets.secure(self.context, connection, host, deadline)
        else:
            connection = sockets.connect(allowed, deadline)
        return sockets.LimitedSocket(connection, deadline, _WIRE_LIMIT)

    def _allowed(self, host: str, addresses: sockets.Addresses) -> sockets.Addresses:
        """Return the addresses to connect to: none in the private network behind a public site.

        The first look-up decides whether the user's own host is public, because its name may
        lead elsewhere the next time.
        """
        public = [address for address in addresses if is_public_address(address[4][0])]
        is_home = host == self._home
        if is_home and addresses and self._home_is_public is None:
            self._home_is_public = bool(public)
        if self._home_is_public is False or public == addresses:
            return addresses
        if is_home and public:
            return public
        private = next(address[4][0] for address in addresses if address not in public)
        reason = gettext("%(host)s is at %(address)s; not contacted")
        values = {"host": host, "address": private}
        raise sockets.NotReached(Trouble.PRIVATE, reason % values)


def _read(
    connection: sockets.LimitedSocket,
    method: str,
    url: str,
    headers: Headers,
    deadline: Deadline,
) -> Answer:
    """Return an answer; a stream is judged by its head."""
    with connection.makefile("rb") as stream:
        head = replace(framing.read_head(stream, method, url), seconds=deadline.elapsed)
        if is_event_stream(headers, head):
            return head
        try:
            content = framing.read_body(stream, head, SIZE_LIMIT + 1)
        except Late:
            if may_be_stream(headers, head):
                return head
            raise
    return head.with_body(content, deadline.elapsed)
