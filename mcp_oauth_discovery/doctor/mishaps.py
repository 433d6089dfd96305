"""Exceptions in the doctor itself: each ends one step, is logged, and appears in the report."""

from __future__ import annotations

from types import TracebackType

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.logs.lines import logger, one_line


class Noted:
    """A context manager that logs the exception of a step, adds it to a list, and suppresses it.

    No answer of a site can then end the check. `step` is in English, as in the log. It may have a
    placeholder for `name`.
    """

    def __init__(self, mishaps: list[str], step: str, name: str = "") -> None:
        self._mishaps = mishaps
        self._step = step
        self._names = {"name": name}

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        problem = f"{type(error).__name__}: {one_line(error)}"
        logger.error(
            "A step of the doctor failed. %s",
            f"{self._step % self._names}: {problem}",
            exc_info=error,
            extra={"event": "doctor.failed"},
        )
        self._mishaps.append(f"{gettext(self._step) % self._names}: {problem}")
        return True
