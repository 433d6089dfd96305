"""Read a body as JSON, as strictly as the strictest client."""

from __future__ import annotations

import codecs
import json
import re
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import Answer

# Metadata has a few levels. Python itself can compare and print a few hundred.
DEEPEST = 64
# The longer marks come first: the mark of UTF-32 starts with that of UTF-16.
_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_HTML = re.compile(rb"\s*<(?:!doctype\s|html|head|body|title|meta|div|script|h1)", re.I)

_TITLE = re.compile(rb"<title[^>]*>([^<]{1,120})", re.I)


class Unreadable(Enum):
    """Why an answer has no members."""

    HTML = "html"
    NOT_JSON = "not-json"
    NOT_OBJECT = "not-object"


@dataclass(frozen=True)
class Reading:
    """The members of a document, or why there are none."""

    members: dict[str, Any] | None = None
    fault: Unreadable | None = None
    detail: str = ""
    duplicates: tuple[str, ...] = field(default=())
    # Some clients remove a byte order mark, others fail on it.
    has_mark: bool = False


def read(answer: Answer) -> Reading:
    """Return the JSON object in an answer."""
    if is_html(answer):
        return Reading(fault=Unreadable.HTML, detail=_beginning(answer.body))
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        duplicates.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    def refuse(constant: str) -> NoReturn:
        raise ValueError(gettext("JSON has no %(constant)s") % {"constant": constant})

    has_mark = answer.body.startswith(BOM_UTF8)
    try:
        text = _decoded(answer.body.removeprefix(BOM_UTF8))
        document = json.loads(text, object_pairs_hook=members, parse_constant=refuse)
        check_depth(document)
    except (ValueError, RecursionError) as error:
        # The text of a RecursionError is about Python, and differs between its versions.
        problem = _too_deep() if isinstance(error, RecursionError) else str(error)
        detail = f"{problem}: {_beginning(answer.body)}"
        return Reading(fault=Unreadable.NOT_JSON, detail=detail)
    if not isinstance(document, dict):
        return Reading(fault=Unreadable.NOT_OBJECT, detail=_beginning(answer.body))
    return Reading(document, duplicates=tuple(duplicates), has_mark=has_mark)


def is_html(answer: Answer) -> bool:
    """Return whether an answer is a web page, by its type or by how it begins.

    Django and PHP declare text/html by default, so that an object may only have the wrong type.
    """
    body = answer.body.removeprefix(BOM_UTF8)
    content_type = (answer.header("content-type") or "").lower()
    is_declared = content_type.startswith(("text/html", "application/xhtml"))
    return (is_declared and not body.lstrip().startswith(b"{")) or bool(_HTML.match(body))


def _decoded(body: bytes) -> str:
    """Return the text of a UTF-8 body; raise a `ValueError` that names any other encoding."""
    for mark, name in _OTHER_MARKS.items():
        if body.startswith(mark):
            raise ValueError(gettext("the body is %(encoding)s, not UTF-8") % {"encoding": name})
    if body.startswith(BOM_UTF8):
        raise ValueError(gettext("the body has two byte order marks"))
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        text = gettext("octet %(place)d of the body is not UTF-8")
        raise ValueError(text % {"place": error.start}) from error


def gist(answer: Answer) -> str:
    """Return the title or the beginning of a body, as one line for the report."""
    if is_html(answer) and (title := _TITLE.search(answer.body)):
        text = title[1].decode("utf-8", "replace").strip()
        return gettext("a page with the title %(title)s") % {"title": repr(shown(text))}
    return shown(answer.body[:120].decode("utf-8", "replace").strip()) or gettext("an empty body")


def check_depth(value: object) -> None:
    """Raise `ValueError` if lists and objects are nested too deeply."""
    level = [value]
    for _ in range(DEEPEST):
        containers = [value for value in level if isinstance(value, (dict, list))]
        level = [
            value
            for container in containers
            for value in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return
    raise ValueError(_too_deep())


def _too_deep() -> str:
    return gettext("more than %(most)d levels deep") % {"most": DEEPEST}


def _beginning(body: bytes) -> str:
    return repr(body[:80].decode("utf-8", "replace")) if body else gettext("an empty body")
