"""Watch the requests of a transport: when each begins, and how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Headers, Transport


class Request(NamedTuple):
    """A request, without its body."""

    method: str
    url: str
    headers: Headers


class Watch(Protocol):
    """Is called before and after each request of the doctor."""

    def begins(self, request: Request) -> None:
        """Is called before a request is sent."""

    def ends(self, request: Request, outcome: Answer | Failure, seconds: float) -> None:
        """Is called when there is an answer, or a reason why there is none."""


@dataclass(frozen=True)
class WatchedTransport:
    """Sends requests with another transport, and calls the watch before and after each."""

    transport: Transport
    watch: Watch

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request, or why there is none."""
        request = Request(method, url, headers)
        self.watch.begins(request)
        start = time.monotonic()
        outcome = self.transport.send(method, url, headers, body)
        self.watch.ends(request, outcome, time.monotonic() - start)
        return outcome
