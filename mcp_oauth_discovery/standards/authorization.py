"""The `Authorization` header of a request, as RFC 6750 §2.1 has it."""

from __future__ import annotations

import re

_BEARER = re.compile(r"bearer(?: +(?P<token>[A-Za-z0-9\-._~+/]+=*))?[ \t]*", re.I)
_ANY_BEARER = re.compile(r"(?:^|,)[ \t]*bearer(?![^ \t,])", re.I)


class Malformed(ValueError):
    """The credentials are of the Bearer scheme, and no token is in them."""


class Repeated(ValueError):
    """There is more than one set of credentials."""


def presents_bearer(header: str) -> bool:
    """Say whether the credentials are of the Bearer scheme, malformed ones included."""
    return bool(_ANY_BEARER.search(header))


def read_bearer(header: str) -> str | None:
    """Return the token, or None if the credentials are of another scheme or not there.

    Servers join several header lines with commas. Raises `Malformed` and `Repeated`; their texts
    are fit for `error_description`.
    """
    if not presents_bearer(header):
        return None
    match = _BEARER.fullmatch(header.strip(" \t"))
    if match and match["token"]:
        return match["token"]
    found = _ANY_BEARER.findall(header)
    if len(found) > 1 or found[0].startswith(","):
        raise Repeated("The request has more than one set of credentials")
    raise Malformed("The Authorization header has no token in it")
