"""A request and its answer in one line, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.printing import shortened, visible
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Headers
from mcp_oauth_discovery.doctor.transport.watching import Request
from mcp_oauth_discovery.doctor.walk.headers import NAMED

_CUT = "***"
# More than is printed. A longer text of a hostile site would keep the patterns busy.
_MOST_READ = 4096
# The names of parameters that are secrets, or lead to one (RFC 6749, RFC 6750, RFC 7523). They may
# be in a URL that is itself a parameter, and so percent-encoded.
_SECRET_PARAMETER = re.compile(
    r"(?i)((?:(?<![\w-])|(?<=%3F)|(?<=%26))"
    r"(?:[\w-]*(?:token|secret|password|assertion|api[_-]?key|jwt)|code|state|session(?:_?id)?)"
    r"(?:=|%3D))(?:(?!%26)[^&#\s\"])+"
)
_USER = re.compile(r"(?<=://)[^/?#@\s]*@")
_JWT = re.compile(r"\beyJ[\w-]*\.[\w-]+(?:\.[\w-]*)*")
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
# Nearly every request has these headers, so they explain no difference between answers.
_USUAL = frozenset({"accept", "content-type", "mcp-protocol-version"})


def request_line(request: Request, outcome: Answer | Failure, seconds: float) -> str:
    """Return a line: the request, the status or failure, and the headers that explain it."""
    parts = [request.method, cut(request.url), *_outcome(outcome), f"{seconds * 1000:.0f} ms"]
    if sent := "; ".join(_unusual(request.headers)):
        parts.append(gettext("(sent %(headers)s)") % {"headers": sent})
    if received := "; ".join(_of_answer(outcome)):
        parts.append(gettext("(received %(headers)s)") % {"headers": received})
    return visible("  ".join(parts))


def cut(text: str) -> str:
    """Return text with stars in place of secrets."""
    text = text[:_MOST_READ]
    for pattern, stars in ((_SECRET_PARAMETER, rf"\1{_CUT}"), (_USER, f"{_CUT}@"), (_JWT, _CUT)):
        text = pattern.sub(stars, text)
    return shortened(text)


def _outcome(outcome: Answer | Failure) -> Iterator[str]:
    if isinstance(outcome, Failure):
        text = gettext("no answer: %(trouble)s, %(reason)s")
        yield text % {"trouble": outcome.trouble.value, "reason": cut(outcome.reason)}
        return
    yield str(outcome.status)
    yield shortened(outcome.header("content-type") or gettext("no type"))
    size = len(outcome.body)
    text = ngettext("%(size)s bytes", "%(size)s bytes", size)
    yield text % {"size": f"{size}{'+' if outcome.is_cut else ''}"}


def _unusual(headers: Headers) -> Iterator[str]:
    if all(name.lower() != "user-agent" for name, _ in headers):
        yield gettext("no User-Agent")
    for name, value in headers:
        if name.lower() in _SECRET_HEADERS:
            yield f"{name}: {_CUT}"
        elif name.lower() not in _USUAL and (name, value) != NAMED:
            yield f"{name}: {cut(value)}"


def _of_answer(outcome: Answer | Failure) -> Iterator[str]:
    if isinstance(outcome, Failure):
        return
    for name in ("Location", "WWW-Authenticate"):
        yield from (f"{name}: {cut(value)}" for value in outcome.all(name))
    for cookie in outcome.all("Set-Cookie"):
        yield f"Set-Cookie: {shortened(cookie.partition('=')[0])}={_CUT}"
