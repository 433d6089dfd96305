"""What requests to other servers have in common: time limits, answers, and the client for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Unreachable(Exception):
    """There is no usable answer; the text says why."""


class Late(Unreachable):
    """The deadline has passed."""


@dataclass(frozen=True)
class Answer:
    """An answer with any status; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Deadline:
    """A time limit for everything that one caller waits for; it starts now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the remaining seconds; raises `Late` if there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Late(f"no complete answer within {self.seconds:g} seconds")
        return left


class Sender(Protocol):
    """Sends requests, and follows no redirect."""

    def send(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        limit: int,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Return the answer, with a body of at most `limit` octets; raises `Unreachable`."""
