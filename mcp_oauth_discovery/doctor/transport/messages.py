"""Requests and their outcome: an answer or a failure, and the protocol of what sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

# More than any metadata needs. A longer document is reported as too large.
SIZE_LIMIT = 256 * 1024
_EVENTS = "text/event-stream"

Headers = Sequence[tuple[str, str]]


class Trouble(str, Enum):
    """Why there is no answer; the values end the codes of the findings."""

    NAME = "name"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    PRIVATE = "private"
    CUT = "cut"


class Speech(str, Enum):
    """What a port speaks, if it is not the protocol that the URL names."""

    HTTP = "http"
    TLS = "tls"
    # It ends before any certificate is judged.
    OTHER_TLS = "other-tls"
    # There is no answer to a TLS handshake.
    NOTHING = "nothing"


@dataclass(frozen=True)
class Fault:
    """Why the project failed, in its own words; `fix` and `expected` may be empty."""

    problem: str
    fix: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, complete or cut at `SIZE_LIMIT`."""

    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    is_cut: bool = False
    seconds: float = 0.0
    fault: Fault | None = None
    # The addresses of the host when it was first looked up; none without a look-up.
    addresses: tuple[str, ...] = ()

    def all(self, name: str) -> list[str]:
        """Return the value of each header field with this name."""
        return [value for field, value in self.headers if field.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """Return the value of a header; several fields are joined with commas."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def with_body(self, content: bytes, seconds: float) -> Answer:
        """Return this answer with its body, and the seconds that it took."""
        is_cut = len(content) > SIZE_LIMIT
        return replace(self, body=content[:SIZE_LIMIT], is_cut=is_cut, seconds=seconds)


@dataclass(frozen=True)
class Failure:
    """The reason why there is no answer."""

    method: str
    url: str
    trouble: Trouble
    reason: str
    speech: Speech | None = None
    # As in `Answer`.
    addresses: tuple[str, ...] = ()
    # The seconds for all answers, if they are over.
    budget: float | None = None


class Transport(Protocol):
    """Sends requests; what a server does never raises an exception."""

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request; redirects are answers."""


def is_event_stream(request: Headers, head: Answer) -> bool:
    """Return whether an answer is a stream of events, and the request accepts one."""
    content_type = head.header("content-type") or ""
    return _accepts_events(request) and content_type.lower().startswith(_EVENTS)


def may_be_stream(request: Headers, head: Answer) -> bool:
    """Return whether an answer that does not end may be a stream of another type."""
    is_candidate = head.method == "GET" and _accepts_events(request)
    return is_candidate and head.header("content-length") is None


def _accepts_events(request: Headers) -> bool:
    return any(name.lower() == "accept" and _EVENTS in value for name, value in request)
