"""What others have written, on one line of the log."""

from __future__ import annotations


def one_line(text: object) -> str:
    """Return a text in which nothing can begin a line, or steer a terminal: it is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )
