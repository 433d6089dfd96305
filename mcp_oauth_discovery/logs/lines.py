"""Keeps foreign text on one line of the log, and limits tracebacks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("mcp_oauth_discovery")

# In characters. The text of an error may repeat what a client sent.
LONGEST = 4000

_INTERVAL = 60.0  # seconds
_MOST_FAULTS = 64


def one_line(text: object) -> str:
    """Escape all characters that can begin a line or control a terminal; cut a very long text."""
    whole = str(text)
    line = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in whole[:LONGEST]
    )
    return line if len(whole) <= LONGEST else f"{line}… ({len(whole)} characters)"


class Tracebacks:
    """Limits tracebacks: one a minute for each fault, and 64 a minute in all.

    Clients can repeat a request that causes a fault as often as they like.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logged: dict[tuple[str, type, str], float] = {}

    def limited(self, error: BaseException, where: str) -> BaseException | None:
        """Return the error for `exc_info`, or None if its traceback has been logged already."""
        now = self._clock()
        # Keep the beginning only: the text may be as long as the request.
        fault = where, type(error), str(error)[:200]
        with self._lock:
            self._logged = {
                earlier: at for earlier, at in self._logged.items() if now - at < _INTERVAL
            }
            if fault in self._logged or len(self._logged) >= _MOST_FAULTS:
                return None
            self._logged[fault] = now
        return error


tracebacks = Tracebacks()
