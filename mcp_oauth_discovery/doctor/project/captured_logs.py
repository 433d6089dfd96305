"""What the project logs about the requests of the doctor: kept for the report, out of the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as AnyDatabaseError

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.doctor.transport.messages import Fault
from mcp_oauth_discovery.logs.lines import one_line
from mcp_oauth_discovery.signing.readings import KeysUnread

_LOGGERS = ("django.request", "django.security.DisallowedHost", "mcp_oauth_discovery")
# One fault would be there with its traceback for each request of the walk.
_TOLD_BY_THE_REPORT = ("document.failed", "algorithms.unread", "signed_metadata.unread")


@contextmanager
def kept(faults: list[Fault]) -> Iterator[None]:
    """Keep what the doctor provokes out of the log and the mail, and add what failed to a list."""

    def passes_on(record: logging.LogRecord) -> bool:
        # The log has the traceback of a fault once a minute; the record always has the fault.
        error = record.exc_info[1] if record.exc_info else getattr(record, "fault", None)
        if error is not None and record.levelno >= logging.ERROR:
            faults.append(_fault(error))
        return _is_of_the_project(record)

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(passes_on)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(passes_on)


def _is_of_the_project(record: logging.LogRecord) -> bool:
    """Say whether a record is about more than the 401s, 404s and forged hosts of the walk."""
    if record.name == "mcp_oauth_discovery":
        return getattr(record, "event", None) not in _TOLD_BY_THE_REPORT
    is_traceback = record.levelno >= logging.ERROR and bool(record.exc_info)
    return record.name == "django.request" and is_traceback


def _fault(error: BaseException) -> Fault:
    if isinstance(error, Misconfigured):
        return Fault(one_line(error.problem), error.hint)
    if isinstance(error, KeysUnread) and error.__cause__ is not None:
        error = error.__cause__
    told = next(iter(str(error).splitlines()), "")
    seen = one_line(f"{type(error).__name__}: {told}")
    if isinstance(error, AnyDatabaseError):
        return Fault(seen, "See to the database. Has 'manage.py migrate' been run?")
    return Fault(seen)
