"""The JSON of a request body, read so that the view cannot understand another message in it."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from itertools import accumulate
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.http.request import RawPostDataException

from mcp_oauth_discovery.conf import upload_limit

# In octets, if DATA_UPLOAD_MAX_MEMORY_SIZE of Django sets no limit. Of the SDKs, the one with the
# smallest limit has this one.
LONGEST_BODY = 4 * 1024 * 1024
# Levels of objects and lists. Messages of MCP have about ten.
DEEPEST_BODY = 100
# Objects and lists. Each takes far more memory than its octets, and anyone may send them.
MOST_CONTAINERS = 100_000
# Integers that are longer become floats, because Python refuses to read some of them.
_LONGEST_INTEGER = 1000

_ESCAPE = re.compile(r"\\.", re.S)
_STRING = re.compile(r'"[^"]*"?')
_BRACKET = re.compile(r"[\[\]{}]")
# What the text of a message has, in whatever format: its name, or an escape that hides it.
_METHOD = re.compile(r"method|\\")
# What separates the fields of a form.
_FIELDS = re.compile(r"&|--")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
# MCP 2026-07-28: a header contradicts the body.
HEADER_MISMATCH = -32020


class RefusedBody(Exception):
    """A body that cannot be judged: the status of the answer, and the error of JSON-RPC 2.0 §5.1.

    The text repeats no part of the request.
    """

    def __init__(
        self, text: str, code: int = PARSE_ERROR, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def read_json(request: HttpRequest) -> Any:
    """Return the value of the body, or None if it is not JSON; raises `RefusedBody`.

    What another parser may understand in another way is refused: duplicate keys, encodings other
    than UTF-8, forms, and text that only a lenient parser may read as a message. Deep
    nesting, which can stop a parser, is refused too.
    """
    text = _decode(request, _read(request))
    _check_structure(text)
    try:
        # Be as lenient as the parser of any view: what is not JSON here counts as no message.
        value = json.loads(text, strict=False, object_pairs_hook=_unique, parse_int=_integer)
    except json.JSONDecodeError as error:
        if _may_be_a_message(text, error):
            raise RefusedBody("The body of the request is not valid JSON") from error
        return None
    if not _is_json_type(request.content_type or "") and _FIELDS.search(text):
        raise RefusedBody("The Content-Type of the request must be application/json")
    return value


def _read(request: HttpRequest) -> bytes:
    """Return the body. Django keeps it, so the view can read it again."""
    limit = upload_limit() or LONGEST_BODY
    try:
        body = request.body if _length(request) <= limit else None
    except RequestDataTooBig:
        body = None
    except (RawPostDataException, UnreadablePostError, ValueError) as error:
        # ValueError: the length is not a number.
        raise RefusedBody("The body of the request cannot be read") from error
    # A body that comes in chunks has no Content-Length, so count too.
    if body is None or len(body) > limit:
        text = f"The body of the request is larger than {limit} octets"
        raise RefusedBody(text, INVALID_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body


def _length(request: HttpRequest) -> int:
    return int(request.META.get("CONTENT_LENGTH") or 0)


def _decode(request: HttpRequest, body: bytes) -> str:
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise RefusedBody("The body of the request must be in UTF-8")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise RefusedBody("The body of the request must be in UTF-8") from error
    # Parsers recognise UTF-16 and UTF-32 by these characters. JSON has neither (RFC 8259 §8.1).
    if "\0" in text or text.startswith("\ufeff"):
        raise RefusedBody("The body of the request must be in UTF-8, without a byte order mark")
    return text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise RefusedBody("The body of the request has a key twice in one object")
    return members


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _check_structure(text: str) -> None:
    """Refuse too many or too deep objects and lists, before a parser makes them."""
    bare = _STRING.sub("", _ESCAPE.sub("", text))
    if sum(map(bare.count, "[]{}")) > 2 * MOST_CONTAINERS:
        problem = f"The body of the request has more than {MOST_CONTAINERS} objects and lists"
        raise RefusedBody(problem, INVALID_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(bare))
    if max(accumulate(steps), default=0) > DEEPEST_BODY:
        raise RefusedBody(f"The body of the request is nested deeper than {DEEPEST_BODY} levels")


def _may_be_a_message(text: str, error: json.JSONDecodeError) -> bool:
    """Return whether a lenient parser, or that of a form, may find a message in invalid JSON.

    Text that ends too early is no message for any of them.
    """
    is_cut_off = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    return not is_cut_off and bool(_METHOD.search(unquote_plus(text)))


def _is_json_type(content_type: str) -> bool:
    # Some servers write text/plain if the client names no type.
    return content_type in ("", "text/plain") or content_type.endswith("json")
