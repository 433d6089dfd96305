"""Requests and errors without their credentials, for log records and error mails."""

from __future__ import annotations

import ast
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict

from mcp_oauth_discovery.logs.lines import one_line

HIDDEN = "********"

_IN_QUERY = re.compile(r"((?:^|[?&])access_token=)([^&#]+)")
# A shorter word is no token, and may be part of any word in the log.
_SHORTEST_TOKEN = 8
# A request with more than one is refused before any of them is in use.
_MOST_TOKENS = 8
# How deep a token is looked for in what an error has: a list may have itself in it.
_DEEPEST = 4

# A call without columns, so that tracebacks underline no part of the line that it replaces.
_CALL = ast.parse("here()", mode="eval")
for _node in ast.walk(_CALL):
    if isinstance(_node, ast.expr):
        _node.col_offset = _node.end_col_offset = -1
_HERE = compile(_CALL, "", "eval")


def hide_credentials(request: HttpRequest, error: BaseException | None = None) -> Any:
    """Remove the credentials from a request that has been answered, and from its error.

    They may be in the header, the query and the body; in the text of the error, and in the
    variables of its traceback. Returns the error, or one to show in place of it.
    """
    query = _query(request)
    tokens = _tokens(request, query)
    for name, value in request.META.items():
        if isinstance(value, str):
            request.META[name] = _IN_QUERY.sub(rf"\1{HIDDEN}", _redacted(value, tokens))
    if "HTTP_AUTHORIZATION" in request.META:
        request.META["HTTP_AUTHORIZATION"] = HIDDEN
    if "access_token" in query:
        query["access_token"] = HIDDEN
        request.META["QUERY_STRING"] = query.urlencode()
    request.GET = query  # type: ignore[assignment]
    # They are kept once somebody has asked for one. A server of ASGI passes them on in `scope`.
    vars(request).pop("headers", None)
    if hasattr(request, "scope"):
        request.scope = _scope(request.scope, request)
    # Error mails show the form. They would have to read the body, which may fail again.
    request._mark_post_parse_error()  # type: ignore[attr-defined]  # noqa: SLF001
    forget_variables(error)
    for link in _chain(error):
        _set(link, "args", _redacted(link.args, tokens))
        vars(link).update({name: _redacted(value, tokens) for name, value in vars(link).items()})
    return _presentable(error, tokens)


def forget_variables(error: BaseException | None) -> None:
    """Remove the variables from the tracebacks of an error and of its causes.

    Some handlers show variables, such as Django's for error mails in HTML.
    """
    for link in _chain(error):
        _set(link, "__traceback__", _without_variables(link.__traceback__))


def without_credentials(request: HttpRequest) -> HttpRequest:
    """Return a copy of a request for the log, while the request itself is still in use."""
    copy = request.__class__.__new__(request.__class__)
    # `copy.copy` leaves out what cannot be pickled.
    meta = dict(request.META)
    vars(copy).update(vars(request), META=meta)
    if "environ" in vars(copy):
        vars(copy)["environ"] = meta
    hide_credentials(copy)
    return copy


def without_token(request: HttpRequest, text: str) -> str:
    """Return what somebody else has written about a request, without its token."""
    return str(_redacted(text, _tokens(request, _query(request))))


def _tokens(request: HttpRequest, query: QueryDict) -> list[str]:
    words = re.split(r"[\s,]+", request.META.get("HTTP_AUTHORIZATION", ""))
    words += query.getlist("access_token")
    return [word for word in words if len(word) >= _SHORTEST_TOKEN][:_MOST_TOKENS]


def log_refusal(request: HttpRequest, refusal: SuspiciousOperation | BadRequest) -> None:
    """Log a bad request to the logger that Django itself uses, so that filters keep working."""
    security = logging.getLogger(f"django.security.{type(refusal).__name__}")
    shown = without_credentials(request)
    extra = {"event": "request.refused", "status_code": 400, "request": shown}
    security.error(one_line(without_token(request, str(refusal))), extra=extra)


def _query(request: HttpRequest) -> QueryDict:
    try:
        return QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    except SuspiciousOperation:
        # The query has more fields than Django reads, and an error mail would fail too.
        return QueryDict(mutable=True)


def _scope(scope: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    hidden = [(name, HIDDEN.encode()) for name, _ in scope["headers"] if name == b"authorization"]
    others = [one for one in scope["headers"] if one[0] != b"authorization"]
    query = request.META.get("QUERY_STRING", "").encode()
    return {**scope, "headers": [*others, *hidden], "query_string": query}


def _redacted(value: Any, tokens: Iterable[str], depth: int = 0) -> Any:
    if type(value) in (list, tuple) and depth < _DEEPEST:
        return type(value)(_redacted(one, tokens, depth + 1) for one in value)
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
        one = pending.pop()
        if one is not None and id(one) not in known:
            known.add(id(one))
            yield one
            pending += [one.__cause__, one.__context__, *_members(one)]


def _members(error: BaseException) -> list[BaseException]:
    """Return what a group of errors has in it. Others may have anything under that name."""
    found = getattr(error, "exceptions", ())
    members = found if isinstance(found, (list, tuple)) else ()
    return [one for one in members if isinstance(one, BaseException)]


def _set(error: BaseException, name: str, value: object) -> None:
    # A frozen dataclass does not let its own be set.
    BaseException.__setattr__(error, name, value)


def _presentable(error: BaseException | None, tokens: list[str]) -> BaseException | None:
    """Return an error in whose text, and in that of what led to it, there is no token.

    What an error has its text from cannot always be changed: that of `OSError` is out of reach.
    """
    chain = list(_chain(error))
    stand_ins = {id(one): _stand_in(one, tokens) for one in chain if _shows(one, tokens)}
    for one in chain:
        shown = stand_ins.get(id(one), one)
        is_suppressed = one.__suppress_context__
        for name in ("__cause__", "__context__"):
            led = getattr(one, name)
            if shown is not one or id(led) in stand_ins:
                _set(shown, name, stand_ins.get(id(led), led))
        _set(shown, "__suppress_context__", is_suppressed)
    return stand_ins.get(id(error), error)


def _shows(error: BaseException, tokens: list[str]) -> bool:
    text = _text(error)
    if text is None or any(token in text for token in tokens):
        return True
    return any(_shows(one, tokens) for one in _members(error))


def _text(error: BaseException) -> str | None:
    """Return all that is written of an error, without what led to it; None if that fails."""
    try:
        return f"{error}{error!r}{''.join(traceback.format_exception_only(error))}"
    except Exception:  # noqa: BLE001
        return None


def _stand_in(error: BaseException, tokens: list[str]) -> BaseException:
    """Return an error of the same name, which has a text and a traceback and nothing else."""
    try:
        text = _redacted(str(error), tokens)
    except Exception:  # noqa: BLE001
        text = "The text of the error cannot be read."
    kind = type(error)
    known = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    shown: BaseException = type(kind.__name__, (Exception,), known)(text)
    return shown.with_traceback(error.__traceback__)


def _without_variables(lines: TracebackType | None) -> TracebackType | None:
    """Return a traceback with the same lines, in frames that have no variables.

    The frames themselves cannot be emptied: one may belong to a coroutine that is still running.
    """
    places = []
    while lines is not None:
        places.append((lines.tb_frame, lines.tb_lineno))
        lines = lines.tb_next
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
