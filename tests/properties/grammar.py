"""Read `WWW-Authenticate` with the package abnf, which has the grammar of RFC 9110 itself.

The parsers of werkzeug, urllib3, requests and httpx read one challenge, or more than the grammar
allows. This one takes the collected ABNF of the RFC and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from abnf.grammars import rfc9110
from abnf.parser import ParseError

_HEADER = rfc9110.Rule("WWW-Authenticate")
_PARAMETER = "auth-param"


class Challenge(NamedTuple):
    scheme: str
    parameters: list[tuple[str, str]]
    token68: str | None


def _found(node, name):
    """Yield the nodes of a rule below another node, without those inside of them."""
    for child in node.children:
        if child.name == name:
            yield child
        else:
            yield from _found(child, name)


def _unquoted(text):
    """Return the value of a quoted-string, by RFC 9110 §5.6.4."""
    letters = iter(text[1:-1])
    return "".join(next(letters) if letter == "\\" else letter for letter in letters)


def _parameter(node):
    name = next(_found(node, "token"))
    quoted = next(_found(node, "quoted-string"), None)
    value = _unquoted(quoted.value) if quoted else list(_found(node, "token"))[-1].value
    return name.value.lower(), value


def challenges(header):
    """Return the challenges in a header; raises `ValueError` if the grammar does not have it."""
    try:
        tree = _HEADER.parse_all(header)
    except ParseError as error:
        raise ValueError(f"not a WWW-Authenticate header: {header!r}") from error
    return [
        Challenge(
            next(_found(node, "auth-scheme")).value,
            [_parameter(each) for each in _found(node, _PARAMETER)],
            next((each.value for each in _found(node, "token68")), None),
        )
        for node in _found(tree, "challenge")
    ]
