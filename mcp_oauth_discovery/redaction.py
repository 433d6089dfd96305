"""Requests and errors without their credentials, for log records and error mails."""

from __future__ import annotations

import ast
import logging
import re
import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict

from mcp_oauth_discovery.log_lines import one_line

HIDDEN = "********"

_IN_QUERY = re.compile(r"((?:^|[?&])access_token=)([^&#]+)")
# A shorter word is no token, and may be part of any word in the log.
_SHORTEST_TOKEN = 8
# A request with more than one is refused before any of them is in use.
_MOST_TOKENS = 8

# A call without columns, so that tracebacks underline no part of the line that it replaces.
_CALL = ast.parse("here()", mode="eval")
for _node in ast.walk(_CALL):
    if isinstance(_node, ast.expr):
        _node.col_offset = _node.end_col_offset = -1
_HERE = compile(_CALL, "", "eval")


def hide_credentials(request: HttpRequest, error: BaseException | None = None) -> None:
    """Remove the credentials from a request that has been answered, and from its error.

    They may be in the header, the query and the body; in the text of the error, and in the
    variables of its traceback.
    """
    words = re.split(r"[\s,]+", request.META.get("HTTP_AUTHORIZATION", ""))
    query = _query(request)
    words += query.getlist("access_token")
    tokens = [word for word in words if len(word) >= _SHORTEST_TOKEN][:_MOST_TOKENS]
    for name, value in request.META.items():
        if isinstance(value, str):
            request.META[name] = _IN_QUERY.sub(rf"\1{HIDDEN}", _redacted(value, tokens))
    if "HTTP_AUTHORIZATION" in request.META:
        request.META["HTTP_AUTHORIZATION"] = HIDDEN
    if "access_token" in query:
        query["access_token"] = HIDDEN
        request.META["QUERY_STRING"] = query.urlencode()
    request.GET = query  # type: ignore[assignment]
    # Error mails show the form. They would have to read the body, which may fail again.
    request._mark_post_parse_error()  # type: ignore[attr-defined]  # noqa: SLF001
    forget_variables(error)
    for link in _chain(error):
        link.args = _redacted(link.args, tokens)
        vars(link).update({name: _redacted(value, tokens) for name, value in vars(link).items()})


def forget_variables(error: BaseException | None) -> None:
    """Remove the variables from the tracebacks of an error and of its causes.

    Some handlers show variables, such as Django's for error mails in HTML.
    """
    for link in _chain(error):
        link.__traceback__ = _without_variables(link.__traceback__)


def without_credentials(request: HttpRequest) -> HttpRequest:
    """Return a copy of a request for the log, while the request itself is still in use."""
    copy = request.__class__.__new__(request.__class__)
    # `copy.copy` leaves out what cannot be pickled.
    vars(copy).update(vars(request), META=dict(request.META))
    hide_credentials(copy)
    return copy


def log_refusal(request: HttpRequest, refusal: SuspiciousOperation | BadRequest) -> None:
    """Log a bad request to the logger that Django itself uses, so that filters keep working.

    Pass a request without its credentials.
    """
    security = logging.getLogger(f"django.security.{type(refusal).__name__}")
    extra = {"event": "request.refused", "status_code": 400, "request": request}
    security.error(one_line(refusal), extra=extra)


def _query(request: HttpRequest) -> QueryDict:
    try:
        return QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    except SuspiciousOperation:
        # The query has more fields than Django reads, and an error mail would fail too.
        return QueryDict(mutable=True)


def _redacted(value: Any, tokens: Iterable[str]) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_redacted(item, tokens) for item in value)
    if isinstance(value, bytes):
        for token in tokens:
            value = value.replace(token.encode(), HIDDEN.encode())
    if isinstance(value, str):
        for token in tokens:
            value = value.replace(token, HIDDEN)
    return value


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    """Yield an error and its causes, each once."""
    pending, known = [error], set()
    while pending:
        link = pending.pop()
        if link is not None and id(link) not in known:
            known.add(id(link))
            yield link
            # Groups have `exceptions`.
            pending += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def _without_variables(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback with the same lines, in frames that have no variables.

    The frames themselves cannot be emptied: one may belong to a coroutine that is still running.
    """
    places = []
    while traceback is not None:
        places.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    bare = None
    for frame, line in reversed(places):
        empty = _empty_frame(frame, line)
        bare = TracebackType(bare, empty, empty.f_lasti, line)
    return bare


def _empty_frame(frame: FrameType, line: int) -> FrameType:
    shown = frame.f_code
    code = _HERE.replace(co_filename=shown.co_filename, co_name=shown.co_name, co_firstlineno=line)
    # The name of the module decides how an error page shows a frame.
    known = {"here": sys._getframe, "__name__": frame.f_globals.get("__name__", "")}  # noqa: SLF001
    empty: FrameType = eval(code, known, {})  # noqa: S307
    return empty
