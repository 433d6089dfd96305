"""What was asked and what came back, and the protocol of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

# Enough for any metadata, and for saying that a document is too large.
SIZE_LIMIT = 256 * 1024

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
    """What a port speaks, if it is not what the URL says."""

    HTTP = "plain HTTP"
    TLS = "TLS"
    OTHER_TLS = "TLS that ends before any certificate is judged"
    NOTHING = "nothing in answer to a TLS handshake"


@dataclass(frozen=True)
class Fault:
    """What the project itself says of an answer that went wrong; `fix` may be empty."""

    seen: str
    fix: str = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole or cut at `SIZE_LIMIT`."""

    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    is_cut: bool = False
    seconds: float = 0.0
    fault: Fault | None = None

    def all(self, name: str) -> list[str]:
        """Return the values of every header field of a name."""
        return [value for field, value in self.headers if field.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """Return the value of a header, joined where it was sent in several fields."""
        values = self.all(name)
        return ", ".join(values) if values else None


@dataclass(frozen=True)
class Failure:
    """No answer, and why."""

    method: str
    url: str
    trouble: Trouble
    reason: str
    speech: Speech | None = None


class Transport(Protocol):
    """Sends one request and never raises for what the other side does."""

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes = b""
    ) -> Answer | Failure:
        """Return the answer to one request; redirects are answers."""


_EVENTS = "text/event-stream"


def is_event_stream(asked: Headers, head: Answer) -> bool:
    """Say whether an answer is the stream of events that was asked for."""
    kind = head.header("content-type") or ""
    return _takes_events(asked) and kind.lower().startswith(_EVENTS)


def may_go_on(asked: Headers, head: Answer) -> bool:
    """Say whether an answer that comes to no end may be a stream of another kind."""
    is_asked = head.method == "GET" and _takes_events(asked)
    return is_asked and head.header("content-length") is None


def _takes_events(asked: Headers) -> bool:
    return any(name.lower() == "accept" and _EVENTS in value for name, value in asked)
