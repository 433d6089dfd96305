"""Foreign text on one line of the log, and how often a record has a traceback."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("mcp_oauth_discovery")

_SECONDS = 60.0
_MOST_FAULTS = 64


def one_line(text: object) -> str:
    """Return a text in which nothing can begin a line, or steer a terminal: it is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


class Tracebacks:
    """Limits tracebacks: one a minute for each fault, and 64 a minute in all.

    Anyone can repeat the request that causes a fault as often as they like.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: dict[tuple[str, type, str], float] = {}

    def of(self, error: BaseException, where: str) -> BaseException | None:
        """Return the error for `exc_info`, or None if the log has its traceback already."""
        now = self._clock()
        # Keep the beginning only: the text may be as long as the request.
        fault = where, type(error), str(error)[:200]
        with self._lock:
            self._given = {
                known: given for known, given in self._given.items() if now - given < _SECONDS
            }
            if fault in self._given or len(self._given) >= _MOST_FAULTS:
                return None
            self._given[fault] = now
        return error


tracebacks = Tracebacks()
