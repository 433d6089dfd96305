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
# A shorter word is not a token, and may be part of any word in the log.
_SHORTEST_TOKEN = 8
# A request with more than one token is refused before any is used.
_MOST_TOKENS = 8
# A token and an unused DPoP proof together are enough for one request.
_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_DPOP")
_HEADERS_OF_ASGI = (b"authorization", b"dpop")
# How deep to look for tokens in the values of an error: a list may contain itself.
_DEEPEST = 4

# A call without columns, so that tracebacks do not underline a part of the replaced line.
_CALL = ast.parse("here()", mode="eval")
for _node in ast.walk(_CALL):
    if isinstance(_node, ast.expr):
        _node.col_offset = _node.end_col_offset = -1
_HERE = compile(_CALL, "", "eval")


def hide_credentials(request: HttpRequest, error: BaseException | None = None) -> Any:
    """Remove the credentials from an answered request and from its error.

    They may be in the header, the query and the body of the request, in the text of the error,
    and in the variables of its traceback. Returns the error, or a stand-in to show instead.
    """
    query = _query(request)
    tokens = _tokens(request, query)
    for name, value in request.META.items():
        if isinstance(value, str):
            request.META[name] = _IN_QUERY.sub(rf"\1{HIDDEN}", _redacted(value, tokens))
    for name in _HEADERS:
        if name in request.META:
            request.META[name] = HIDDEN
    if "access_token" in query:
        query["access_token"] = HIDDEN
        request.META["QUERY_STRING"] = query.urlencode()
    request.GET = query  # type: ignore[assignment]
    # Django caches the headers. ASGI servers pass them in `scope` too.
    vars(request).pop("headers", None)
    if hasattr(request, "scope"):
        headers = [
            (name, HIDDEN.encode() if name in _HEADERS_OF_ASGI else value)
            for name, value in request.scope["headers"]
        ]
        query_string = request.META.get("QUERY_STRING", "").encode()
        request.scope = {**request.scope, "headers": headers, "query_string": query_string}
    # Error mails show the form. They would have to read the body, which may fail again.
    request._mark_post_parse_error()  # type: ignore[attr-defined]  # noqa: SLF001
    forget_variables(error)
    for link in _chain(error):
        _set(link, "args", _redacted(link.args, tokens))
        vars(link).update({name: _redacted(value, tokens) for name, value in vars(link).items()})
    return _presentable(error, tokens)


def forget_variables(error: BaseException | None) -> None:
    """Remove the variables from the tracebacks of an error and of its causes.

    Some handlers show variables, such as Django's for error mails in HTML. Each frame is replaced
    by an empty one at the same line. A frame cannot be cleared while its coroutine is running.
    """
    for link in _chain(error):
        bare = None
        for frame, line in reversed(list(traceback.walk_tb(link.__traceback__))):
            shown = frame.f_code
            code = _HERE.replace(
                co_filename=shown.co_filename, co_name=shown.co_name, co_firstlineno=line
            )
            # The name of the module decides how an error page shows a frame.
            names = {"here": sys._getframe, "__name__": frame.f_globals.get("__name__", "")}  # noqa: SLF001
            empty: FrameType = eval(code, names, {})  # noqa: S307
            bare = TracebackType(bare, empty, empty.f_lasti, line)
        _set(link, "__traceback__", bare)


def without_credentials(request: HttpRequest) -> HttpRequest:
    """Return a copy of a request for the log, while the request itself is still in use."""
    copy = request.__class__.__new__(request.__class__)
    # `copy.copy` leaves out attributes that cannot be pickled.
    meta = dict(request.META)
    vars(copy).update(vars(request), META=meta)
    if "environ" in vars(copy):
        vars(copy)["environ"] = meta
    hide_credentials(copy)
    return copy


def without_token(request: HttpRequest, text: str) -> str:
    """Return a text that other code wrote about a request, without the token."""
    return str(value_without_token(request, text))


def value_without_token(request: HttpRequest, value: Any) -> Any:
    """Return a value that other code took from a request, without the token."""
    return _redacted(value, _tokens(request, _query(request)))


def _tokens(request: HttpRequest, query: QueryDict) -> list[str]:
    groups = [re.split(r"[\s,]+", request.META.get(name, "")) for name in _HEADERS]
    groups[0] += query.getlist("access_token")
    tokens: list[str] = []
    # Each header has a limit of its own, so that many words in one hide none of the other.
    for words in groups:
        tokens += [word for word in words if len(word) >= _SHORTEST_TOKEN][:_MOST_TOKENS]
    return tokens


def log_refusal(request: HttpRequest, refusal: SuspiciousOperation | BadRequest) -> None:
    """Log a bad request to the logger that Django uses, so that your filters keep working."""
    security = logging.getLogger(f"django.security.{type(refusal).__name__}")
    shown = without_credentials(request)
    extra = {"event": "request.refused", "status_code": 400, "request": shown}
    security.error(one_line(without_token(request, str(refusal))), extra=extra)


def _query(request: HttpRequest) -> QueryDict:
    try:
        return QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    except SuspiciousOperation:
        # The query has more fields than Django reads. An error mail would fail too.
        return QueryDict(mutable=True)


def _redacted(value: Any, tokens: Iterable[str], depth: int = 0) -> Any:
    if type(value) in (list, tuple) and depth < _DEEPEST:
        return type(value)(_redacted(item, tokens, depth + 1) for item in value)
    if type(value) is dict and depth < _DEEPEST:
        return {key: _redacted(item, tokens, depth + 1) for key, item in value.items()}
    if isinstance(value, bytes):
        for token in tokens:
            value = value.replace(token.encode(), HIDDEN.encode())
    if isinstance(value, str):
        for token in tokens:
            value = value.replace(token, HIDDEN)
    return value


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    """Yield an error and its causes, each once."""
    pending, yielded = [error], set()
    while pending:
        link = pending.pop()
        if link is not None and id(link) not in yielded:
            yielded.add(id(link))
            yield link
            pending += [link.__cause__, link.__context__, *_members(link)]


def _members(error: BaseException) -> list[BaseException]:
    """Return the errors of a group. Other errors may have any value under this name."""
    members = getattr(error, "exceptions", ())
    if not isinstance(members, (list, tuple)):
        return []
    return [member for member in members if isinstance(member, BaseException)]


def _set(error: BaseException, name: str, value: object) -> None:
    # A frozen dataclass refuses to set its attributes.
    BaseException.__setattr__(error, name, value)


def _presentable(error: BaseException | None, tokens: list[str]) -> BaseException | None:
    """Return an error with no token in its text, nor in the text of its causes.

    Some errors keep their text out of reach, such as `OSError`. A stand-in takes their place.
    """
    chain = list(_chain(error))
    stand_ins = {id(link): _stand_in(link, tokens) for link in chain if _shows(link, tokens)}
    for link in chain:
        shown = stand_ins.get(id(link), link)
        is_suppressed = link.__suppress_context__
        for name in ("__cause__", "__context__"):
            cause = getattr(link, name)
            _set(shown, name, stand_ins.get(id(cause), cause))
        # Setting the cause has set this to True.
        _set(shown, "__suppress_context__", is_suppressed)
    return stand_ins.get(id(error), error)


def _shows(error: BaseException, tokens: list[str]) -> bool:
    """Return whether a token is in the text of an error, or the text cannot be read."""
    try:
        text = f"{error}{error!r}{''.join(traceback.format_exception_only(error))}"
    except Exception:  # noqa: BLE001
        return True
    if any(token in text for token in tokens):
        return True
    return any(_shows(member, tokens) for member in _members(error))


def _stand_in(error: BaseException, tokens: list[str]) -> BaseException:
    """Return an error of the same name, with a redacted text and the same traceback."""
    try:
        text = _redacted(str(error), tokens)
    except Exception:  # noqa: BLE001
        text = "The text of the error cannot be read."
    kind = type(error)
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    shown: BaseException = type(kind.__name__, (Exception,), names)(text)
    return shown.with_traceback(error.__traceback__)
