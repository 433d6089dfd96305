"""The `Authorization` header of a request, as RFC 6750 §2.1 and RFC 9449 §7.1 define it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Malformed(ValueError):
    """The header has the scheme of a token, but no token."""


class Repeated(ValueError):
    """The header has more than one set of credentials."""


class Scheme:
    """A scheme whose credentials are one token, such as Bearer."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Ignore case in the scheme only, because it is slow for a token.
        self.whole = re.compile(rf"(?i:{name})(?: +(?P<token>[A-Za-z0-9\-._~+/]+=*))?[ \t]*")
        self.anywhere = re.compile(rf"(?:^|,)[ \t]*{name}(?![^ \t,])", re.I)

    def is_presented(self, header: str) -> bool:
        """Return whether a header has credentials of this scheme, malformed ones included."""
        return bool(self.anywhere.search(header))


BEARER = Scheme("Bearer")
# RFC 9449 §7.1: a token of this scheme comes with a proof in the header of the same name.
DPOP = Scheme("DPoP")


class Credentials(NamedTuple):
    """A token, and the scheme that it was sent with."""

    scheme: Scheme
    token: str


def presents_bearer(header: str) -> bool:
    """Return whether a header has Bearer credentials, malformed ones included."""
    return BEARER.is_presented(header)


def read_credentials(header: str, *schemes: Scheme) -> Credentials | None:
    """Return the token and its scheme, or None if there are no credentials of these schemes.

    Servers join several header lines with commas. Raises `Malformed` and `Repeated`, whose texts
    may be sent as `error_description`.
    """
    stripped = header.strip(" \t")
    for scheme in schemes:
        match = scheme.whole.fullmatch(stripped)
        if match and match["token"]:
            return Credentials(scheme, match["token"])
    presented = [match for scheme in schemes for match in scheme.anywhere.findall(header)]
    if not presented:
        return None
    if len(presented) > 1 or presented[0].startswith(","):
        raise Repeated("The request has more than one set of credentials")
    raise Malformed("The Authorization header has no token in it")


def read_bearer(header: str) -> str | None:
    """Return the token of Bearer credentials, as `read_credentials` does."""
    credentials = read_credentials(header, BEARER)
    return credentials.token if credentials else None
