"""What others have written, on one line of the log; and what the log has already."""

from __future__ import annotations

import time


def one_line(text: object) -> str:
    """Return a text in which nothing can begin a line, or steer a terminal: it is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


# The minute in which each text was logged last, by the clock of the machine.
_minutes: dict[str, int] = {}
_MOST_TEXTS = 256


def is_news(text: str) -> bool:
    """Say whether a text was not logged in this minute yet, and take it as logged from now on.

    A traceback for every request would fill the log, and say nothing that the first did not.
    """
    minute = int(time.monotonic() // 60)
    if _minutes.get(text) == minute:
        return False
    if len(_minutes) >= _MOST_TEXTS:
        _minutes.clear()
    _minutes[text] = minute
    return True
