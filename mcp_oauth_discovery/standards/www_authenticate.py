"""Reads and writes `WWW-Authenticate`, by the grammar of RFC 9110 §11 and of RFC 6750 §3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
        raise ValueError(f"a header cannot contain {stray[0]!r}")
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
            raise ValueError(f"{name!r} is not the name of a parameter")
        if name.lower() in checked:
            raise ValueError(f"the parameter {name.lower()!r} appears twice")
        checked[name.lower()] = check_value(name.lower(), value)
    if not checked:
        raise ValueError("a Bearer challenge has at least one parameter")
    return Challenge("Bearer", checked)


def check_value(name: str, value: object) -> str:
    """Return `value` if the parameter may have it, else raise `ValueError`."""
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a string, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{name}: expected a value, not an empty string")
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"{name}: {len(value)} characters, of which at most {LONGEST_VALUE} fit")
    if stray := _FORBIDDEN.get(name, _UNPRINTABLE).search(value):
        raise ValueError(f"{name}: {stray[0]!r} is not allowed in it")
    if name == "scope" and "" in value.split(" "):
        raise ValueError("scope: expected tokens with one space between them")
    return value


def scope_tokens(scope: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the tokens of a scope (RFC 6749 §3.3), each once; raises `ValueError`.

    A string is split at its spaces. Any other iterable has one token per item.
    """
    if scope is None or scope == "":
        return ()
    if not isinstance(scope, Iterable):
        raise ValueError(f"scope: expected a string or a list, not {type(scope).__name__}")
    tokens = scope.split(" ") if isinstance(scope, str) else list(scope)
    for token in tokens:
        if not isinstance(token, str):
            raise ValueError(f"scope: expected strings, not {type(token).__name__}")
        if not token:
            raise ValueError("scope: expected tokens with one space between them")
        if stray := _SOLID.search(token):
            raise ValueError(f"scope: {stray[0]!r} is not allowed in a token")
    return tuple(dict.fromkeys(tokens))


def parse(*lines: str) -> list[Challenge]:
    """Return the challenges of one or more header lines; raises `ValueError`.

    Several lines are one list (RFC 9110 §5.3), of at most `LONGEST_HEADER` characters.
    Names of parameters are returned in lower case.
    """
    challenges = parse_repeated(*lines)
    for name in (name for challenge in challenges for name in challenge.repeated):
        raise ValueError(f"the parameter {name!r} appears twice")
    return challenges


def parse_repeated(*lines: str) -> list[Challenge]:
    """Return what `parse` does, but keep the first value of a repeated parameter."""
    header = ", ".join(lines)
    if len(header) > LONGEST_HEADER:
        raise ValueError(f"{len(header)} characters, of which at most {LONGEST_HEADER} are read")
    challenges: list[Challenge] = []
    position = _next(header, 0)
    while position < len(header):
        challenge, position = _read_challenge(header, position)
        challenges.append(challenge)
    return challenges


def merge(existing: str, challenge: Challenge) -> str:
    """Return the header with one Bearer challenge, which comes first.

    Parameters of the existing Bearer challenge stay if they are valid, and missing ones are
    added. Challenges of other schemes stay as they are. Raises `ValueError` if the existing
    header is malformed.
    """
    challenges = parse(existing)
    bearers = [each for each in challenges if each.is_bearer]
    parameters: dict[str, str] = {}
    for each in reversed([*bearers, challenge]):
        parameters.update({n: v for n, v in each.parameters.items() if _is_sendable(n, v)})
    others = [each for each in challenges if not each.is_bearer]
    return ", ".join(map(str, [Challenge("Bearer", parameters), *others]))


def _is_sendable(name: str, value: str) -> bool:
    try:
        return bool(check_value(name, value))
    except ValueError:
        return False


def _read_challenge(header: str, start: int) -> tuple[Challenge, int]:
    """Return the challenge at a position, and the position of the next one."""
    scheme = _expect(_TOKEN, header, start, "a scheme")
    position = end = start + len(scheme)
    parameters: dict[str, str] = {}
    repeated: dict[str, str] = {}
    if spaces := _SPACES.match(header, position):
        position = spaces.end()
        if token68 := _TOKEN68.match(header, position):
            text = header[start : token68.end()]
            return Challenge(scheme, token68=token68[0], text=text), _next(header, token68.end())
    elif not _END.match(header, position):
        raise _malformed(header, position, "a space after the scheme")
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
    value = _expect(_TOKEN, header, equals.end(), "a value")
    return name[0].lower(), value, equals.end() + len(value)


def _separate(header: str, position: int) -> int:
    """Return where the next element may begin, after an element that ends at a position."""
    return position + len(_expect(_END, header, position, "a comma"))


def _expect(pattern: re.Pattern[str], header: str, position: int, what: str) -> str:
    match = pattern.match(header, position)
    if match is None:
        raise _malformed(header, position, what)
    return match[0]


def _next(header: str, position: int) -> int:
    """Return where the next element begins. A list may have empty ones (RFC 9110 §5.6.1)."""
    return position + len(_expect(_EMPTY, header, position, "an element"))


def _malformed(header: str, position: int, what: str) -> ValueError:
    return ValueError(f"expected {what} at {header[position : position + 20]!r}")
