"""Logging during the doctor's requests: faults go into the report and not into the log.

A server answers other requests at the same time, and logs them as always.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import Error as AnyDatabaseError

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.messages import Fault
from mcp_oauth_discovery.logs.lines import one_line
from mcp_oauth_discovery.signing.readings import KeysUnread

_LOGGERS = ("django.request", "django.security.DisallowedHost", "mcp_oauth_discovery")
# Every request of the doctor would log these with a traceback; the report has them once.
_IN_THE_REPORT = (
    "document.failed",
    "algorithms.unread",
    "signed_metadata.unread",
    "tokens.unverifiable",
)
# Where the exceptions of this context go. Async code of a view has the context of the view.
_destination: ContextVar[list[BaseException] | None] = ContextVar("destination", default=None)


@contextmanager
def captured(faults: list[BaseException]) -> Iterator[None]:
    """Keep records of this context out of log and mail, and add each exception to a list."""

    def passes_on(record: logging.LogRecord) -> bool:
        if _destination.get() is not faults:
            return True
        # A record has a traceback only once a minute, but always has the fault.
        error = record.exc_info[1] if record.exc_info else getattr(record, "fault", None)
        is_error = record.levelno >= logging.ERROR
        # A mail about the record has all headers, and some releases of Django do not hide these.
        meta = getattr(getattr(record, "request", None), "META", {})
        if is_error:
            meta.update(
                {name: "***" for name in ("HTTP_AUTHORIZATION", "HTTP_DPOP") if name in meta}
            )
        if error is not None and is_error:
            faults.append(error)
        if record.name == "mcp_oauth_discovery":
            return getattr(record, "event", None) not in _IN_THE_REPORT
        # The doctor causes 401s, 404s and forged hosts. A traceback shows a fault of the project.
        return record.name == "django.request" and is_error and bool(record.exc_info)

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(passes_on)
    before = _destination.set(faults)
    try:
        yield
    finally:
        _destination.reset(before)
        for logger in loggers:
            logger.removeFilter(passes_on)


def fault_of(error: BaseException) -> Fault:
    """Return the problem that an exception names, and the fix if there is one.

    Call this where the language of the reader is active, not in the thread of a request.
    """
    if isinstance(error, Misconfigured):
        return Fault(one_line(error.problem), error.hint)
    if isinstance(error, KeysUnread) and error.__cause__ is not None:
        error = error.__cause__
    message = next(iter(str(error).splitlines()), "")
    problem = one_line(f"{type(error).__name__}: {message}")
    if isinstance(error, AnyDatabaseError):
        fix = gettext("Check the database. Has 'manage.py migrate' been run?")
        return Fault(problem, fix)
    return Fault(problem)
