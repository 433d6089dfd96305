"""What others have written, on one line of the log, and how often a traceback comes with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LATELY = 60.0
_AT_MOST = 64


def one_line(text: object) -> str:
    """Return a text in which nothing can begin a line, or steer a terminal: it is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


class Tracebacks:
    """Gives each fault one traceback a minute, and so many faults one at most.

    Anybody can send the request that meets a fault, as often as they like.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: dict[tuple[str, type, str], float] = {}

    def of(self, error: BaseException, where: str) -> BaseException | None:
        """Return the error for `exc_info`, or None if its traceback is in the log already."""
        now = self._clock()
        # Not all of the text: it may be as long as the request.
        fault = where, type(error), str(error)[:200]
        with self._lock:
            self._given = {
                one: given for one, given in self._given.items() if now - given < _LATELY
            }
            if fault in self._given or len(self._given) >= _AT_MOST:
                return None
            self._given[fault] = now
        return error


tracebacks = Tracebacks()
