"""What `mcp_discovery check` shows on standard error while it sends its requests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from mcp_oauth_discovery.doctor.output.requests import cut, request_line
from mcp_oauth_discovery.doctor.printing import visible
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure
from mcp_oauth_discovery.doctor.transport.watching import Request, Watch

# The usual width of a terminal that does not say how wide it is.
_WIDTH = 80


@contextmanager
def watching(stream: Any, verbosity: int, *, is_text: bool) -> Iterator[Watch | None]:
    """Yield what to call for each request, None to show nothing.

    `stream` is standard error, as a command of Django has it. Progress is for a terminal only, and
    for a report that a person reads.
    """
    # Standard error of a command is red; `str` leaves a text as it is.
    if verbosity >= 2:
        yield RequestLines(lambda line: stream.write(line, str))
    elif verbosity == 1 and is_text and stream.isatty():
        progress = Progress(stream)
        try:
            yield progress
        finally:
            progress.clear()
    else:
        yield None


class RequestLines:
    """Writes a line for each request when there is an answer."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begins(self, request: Request) -> None:
        """Do nothing: the line has the answer."""

    def ends(self, request: Request, outcome: Answer | Failure, seconds: float) -> None:
        """Write the line of a request."""
        self._write(request_line(request, outcome, seconds))


class Progress:
    """Shows in one line of a terminal how many requests were sent, and which is the last."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._number = 0

    def begins(self, request: Request) -> None:
        """Replace the line."""
        self._number += 1
        text = _("Request %(number)d: %(method)s %(url)s")
        url = visible(cut(request.url))
        self._draw(text % {"number": self._number, "method": request.method, "url": url})

    def ends(self, request: Request, outcome: Answer | Failure, seconds: float) -> None:
        """Do nothing: the line stays until the next request."""

    def clear(self) -> None:
        """Leave an empty line, for the report."""
        if self._number:
            self._draw("")

    def _draw(self, text: str) -> None:
        # In the last column, some terminals would begin a new line.
        width = self._width() - 1
        line = f"\r{text[:width]:{width}}\r"
        self._stream.write(line, str, "")
        self._stream.flush()

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _WIDTH
        except OSError:
            return _WIDTH
