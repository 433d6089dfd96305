"""Reads and writes `WWW-Authenticate`, by the grammar of RFC 9110 §11 and of RFC 6750 §3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _

# RFC 9110 §5.6.2, §5.6.4, §11.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|\Z))")
_QUOTED = re.compile(r'"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"')
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_SPACES = re.compile(r" +")
_END = re.compile(r"[ \t]*(?:,|\Z)")
_EMPTY = re.compile(r"[ \t,]*")

_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
# RFC 6750 §3, §3.1: what the values of these parameters cannot contain, even if quoted.
_TEXT = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_SOLID = re.compile(r"[^\x21\x23-\x5b\x5d-\x7e]")
_FORBIDDEN = {
    "error": _TEXT,
    "error_description": _TEXT,
    "error_uri": _SOLID,
    "resource_metadata": _SOLID,
    "scope": _TEXT,
}
# Proxies accept a few thousand octets of headers, and answer 502 if there are more.
LONGEST_VALUE = 2000
# Far above what servers and clients accept.
LONGEST_HEADER = 65_536


@dataclass(frozen=True)
class Challenge:
    """One challenge: a scheme, with either parameters (names in lower case) or a token68.

    `text` is the challenge as it was read, and `str` returns it unchanged.
    `repeated` has the last value of each repeated parameter.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str | None = None
    text: str | None = None
    repeated: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_bearer(self) -> bool:
        return self.scheme.lower() == "bearer"

    def __str__(self) -> str:
        if self.text is not None:
            return self.text
        written = self.token68 or ", ".join(
            f"{name}={quote(value)}" for name, value in self.parameters.items()
        )
        return f"{self.scheme} {written}".rstrip(" ")


def quote(value: str) -> str:
    """Return a quoted-string (RFC 9110 §5.6.4); raises `ValueError` if no header can carry it."""
    if stray := _UNSENDABLE.search(value):
        raise Problem(_("a header cannot contain %(character)s"), character=repr(stray[0]))
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bearer(parameters: Mapping[str, str | None]) -> Challenge:
    """Return the Bearer challenge (RFC 6750 §3) with the parameters that are not None.

    Raises `ValueError` for an invalid value, an invalid or repeated name, and if there is no
    parameter.
    """
    checked: dict[str, str] = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if not _TOKEN.fullmatch(name):
            raise Problem(_("%(name)s is not the name of a parameter"), name=repr(name))
        if name.lower() in checked:
            raise Problem(_("the parameter %(name)s appears twice"), name=repr(name.lower()))
        checked[name.lower()] = check_value(name.lower(), value)
    if not checked:
        raise Problem(_("a Bearer challenge has at least one parameter"))
    return Challenge("Bearer", checked)


def check_value(name: str, value: object) -> str:
    """Return `value` if the parameter may have it, else raise `ValueError`."""
    if not isinstance(value, str):
        text = _("%(name)s: expected a string, not %(type)s")
        raise Problem(text, name=name, type=type(value).__name__)
    if not value:
        raise Problem(_("%(name)s: expected a value, not an empty string"), name=name)
    if len(value) > LONGEST_VALUE:
        text = _("%(name)s: %(number)d characters, of which at most %(most)d fit")
        raise Problem(text, name=name, number=len(value), most=LONGEST_VALUE)
    if stray := _FORBIDDEN.get(name, _UNPRINTABLE).search(value):
        text = _("%(name)s: %(character)s is not allowed in it")
        raise Problem(text, name=name, character=repr(stray[0]))
    if name == "scope" and "" in value.split(" "):
        raise Problem(_("scope: expected tokens with one space between them"))
    return value


def scope_tokens(scope: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the tokens of a scope (RFC 6749 §3.3), each once; raises `ValueError`.

    A string is split at its spaces. Any other iterable has one token per item.
    """
    if scope is None or scope == "":
        return ()
    if not isinstance(scope, Iterable):
        raise Problem(
            _("scope: expected a string or a list, not %(type)s"), type=type(scope).__name__
        )
    tokens = scope.split(" ") if isinstance(scope, str) else list(scope)
    for token in tokens:
        if not isinstance(token, str):
            raise Problem(_("scope: expected strings, not %(type)s"), type=type(token).__name__)
        if not token:
            raise Problem(_("scope: expected tokens with one space between them"))
        if stray := _SOLID.search(token):
            text = _("scope: %(character)s is not allowed in a token")
            raise Problem(text, character=repr(stray[0]))
    return tuple(dict.fromkeys(tokens))


def parse(*lines: str) -> list[Challenge]:
    """Return the challenges of one or more header lines; raises `ValueError`.

    Several lines are one list (RFC 9110 §5.3), of at most `LONGEST_HEADER` characters.
    Names of parameters are returned in lower case.
    """
    challenges = parse_repeated(*lines)
    for name in (name for challenge in challenges for name in challenge.repeated):
        raise Problem(_("the parameter %(name)s appears twice"), name=repr(name))
    return challenges


def parse_repeated(*lines: str) -> list[Challenge]:
    """Return what `parse` does, but keep the first value of a repeated parameter."""
    header = ", ".join(lines)
    if len(header) > LONGEST_HEADER:
        text = _("%(number)d characters, of which at most %(most)d are read")
        raise Problem(text, number=len(header), most=LONGEST_HEADER)
    challenges: list[Challenge] = []
    position = _next(header, 0)
    while position < len(header):
        challenge, position = _read_challenge(header, position)
        challenges.append(challenge)
    return challenges


def merge(existing: str, *offered: Challenge) -> str:
    """Return the header with one challenge of each offered scheme, which come first.

    Parameters of the existing challenges of these schemes stay if they are valid, and missing
    ones are added. Challenges of other schemes stay as they are. Raises `ValueError` if the
    existing header is malformed.
    """
    others = parse(existing)
    merged: list[Challenge] = []
    for challenge in offered:
        scheme = challenge.scheme.lower()
        same = [each for each in others if each.scheme.lower() == scheme]
        others = [each for each in others if each.scheme.lower() != scheme]
        parameters: dict[str, str] = {}
        for each in reversed([*same, challenge]):
            parameters.update({n: v for n, v in each.parameters.items() if _is_sendable(n, v)})
        merged.append(Challenge(challenge.scheme, parameters))
    return ", ".join(map(str, [*merged, *others]))


def _is_sendable(name: str, value: str) -> bool:
    try:
        return bool(check_value(name, value))
    except ValueError:
        return False


def _read_challenge(header: str, start: int) -> tuple[Challenge, int]:
    """Return the challenge at a position, and the position of the next one."""
    scheme = _expect(_TOKEN, header, start, _("expected a scheme at %(place)s"))
    position = end = start + len(scheme)
    parameters: dict[str, str] = {}
    repeated: dict[str, str] = {}
    if spaces := _SPACES.match(header, position):
        position = spaces.end()
        if token68 := _TOKEN68.match(header, position):
            text = header[start : token68.end()]
            return Challenge(scheme, token68=token68[0], text=text), _next(header, token68.end())
    elif not _END.match(header, position):
        text = _("expected a space after the scheme at %(place)s")
        raise _malformed(header, position, text)
    position = _next(header, position)
    while parameter := _read_parameter(header, position):
        name, value, end = parameter
        (repeated if name in parameters else parameters)[name] = value
        position = _next(header, _separate(header, end))
    _separate(header, end)
    text = header[start:end]
    return Challenge(scheme, parameters, text=text, repeated=repeated), position


def _read_parameter(header: str, start: int) -> tuple[str, str, int] | None:
    """Return name, value and end of the parameter at a position, or None if there is none."""
    name = _TOKEN.match(header, start)
    equals = name and _EQUALS.match(header, name.end())
    if name is None or equals is None:
        return None
    if quoted := _QUOTED.match(header, equals.end()):
        return name[0].lower(), re.sub(r"\\(.)", r"\1", quoted[1]), quoted.end()
    value = _expect(_TOKEN, header, equals.end(), _("expected a value at %(place)s"))
    return name[0].lower(), value, equals.end() + len(value)


def _separate(header: str, position: int) -> int:
    """Return where the next element may begin, after an element that ends at a position."""
    return position + len(_expect(_END, header, position, _("expected a comma at %(place)s")))


def _expect(pattern: re.Pattern[str], header: str, position: int, problem: str) -> str:
    match = pattern.match(header, position)
    if match is None:
        raise _malformed(header, position, problem)
    return match[0]


def _next(header: str, position: int) -> int:
    """Return where the next element begins. A list may have empty ones (RFC 9110 §5.6.1)."""
    return position + len(_expect(_EMPTY, header, position, _("expected an element at %(place)s")))


def _malformed(header: str, position: int, problem: str) -> Problem:
    return Problem(problem, place=repr(header[position : position + 20]))
