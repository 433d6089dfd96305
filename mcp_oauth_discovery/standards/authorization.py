"""The `Authorization` header of a request, as RFC 6750 §2.1 defines it."""

from __future__ import annotations

import re

# Ignore case in the scheme only, because it is slow for a token.
_BEARER = re.compile(r"(?i:bearer)(?: +(?P<token>[A-Za-z0-9\-._~+/]+=*))?[ \t]*")
_ANY_BEARER = re.compile(r"(?:^|,)[ \t]*bearer(?![^ \t,])", re.I)


class Malformed(ValueError):
    """The header has the Bearer scheme, but no token."""


class Repeated(ValueError):
    """The header has more than one set of credentials."""


def presents_bearer(header: str) -> bool:
    """Return whether a header has Bearer credentials, malformed ones included."""
    return bool(_ANY_BEARER.search(header))


def read_bearer(header: str) -> str | None:
    """Return the token, or None if there are no Bearer credentials.

    Servers join several header lines with commas. Raises `Malformed` and `Repeated`, whose texts
    may be sent as `error_description`.
    """
    match = _BEARER.fullmatch(header.strip(" \t"))
    if match and match["token"]:
        return match["token"]
    if not presents_bearer(header):
        return None
    matches = _ANY_BEARER.findall(header)
    if len(matches) > 1 or matches[0].startswith(","):
        raise Repeated("The request has more than one set of credentials")
    raise Malformed("The Authorization header has no token in it")
