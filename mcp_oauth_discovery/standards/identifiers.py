"""Issuer and resource identifiers: parsed to be checked, and published as written.

RFC 8414 §3.3 and RFC 9728 §3.3 make clients compare identifiers code point by code point. So
nothing here rebuilds a URL from its parsed form.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from mcp_oauth_discovery.standards import hosts
from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _

T = TypeVar("T")

# RFC 3986 §2: what is not in a URI. Clients read spaces, control characters, backslashes and
# letters beyond ASCII in different ways.
_NOT_URI = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")
# Documentation has these in the issuers of providers, such as {tenant}.
_PLACEHOLDER = re.compile(r"\{\w[\w -]*\}|<\w[\w -]*>")
_PARTS = re.compile(
    r"(?P<origin>(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<authority>[^/?#]*))"
    r"(?P<path>[^?#]*)(?P<query>(?:\?[^#]*)?)(?P<fragment>(?:#.*)?)\Z"
)
WELL_KNOWN = "/.well-known/"
# A final dot, a colon and a port come after the name.
_LONGEST_AUTHORITY = hosts.LONGEST_NAME + 1 + len(":65535")


_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 3986 §2.3: escaped or not, these mean the same.
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")

# How many results of each function are kept, and for texts of which length.
_MOST_KEPT = 512
_LONGEST_KEPT = 2000


def _kept(read: Callable[[Any], T]) -> Callable[[Any], T]:
    """Keep the results of a pure function, because each request has the same identifiers."""
    kept = lru_cache(_MOST_KEPT)(read)

    @wraps(read)
    def reading(value: Any) -> T:
        # Other types may be equal to a string, or have no hash. Requests may have long URLs.
        return (kept if type(value) is str and len(value) <= _LONGEST_KEPT else read)(value)

    return reading


class URLParts(NamedTuple):
    """The slices of an absolute URL. Joined, they are the same URL, octet for octet.

    `origin` is the scheme and authority. `query` and `fragment` keep their `?` and `#`.
    """

    origin: str
    path: str
    query: str
    fragment: str


@_kept
def split(url: str) -> URLParts:
    """Slice an absolute URL, or raise `ValueError` if it has no scheme or no host."""
    match = _PARTS.match(url)
    if match is None or not match["authority"]:
        raise Problem(_("expected an absolute URL, with scheme and host"))
    return URLParts(match["origin"], match["path"], match["query"], match["fragment"])


def is_loopback(host: str) -> bool:
    """Return whether a host, without port, is the local machine (RFC 8252 §8.3)."""
    try:
        name = hosts.read_bare(host)
        if name == "localhost" or name.endswith(".localhost"):
            return True
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@_kept
def check_url(value: object) -> str:
    """Return `value` if it is an absolute http or https URL, else raise `ValueError`."""
    if not isinstance(value, str):
        raise Problem(_("expected a string, not %(type)s"), type=type(value).__name__)
    if not value:
        raise Problem(_("expected an absolute URL, not an empty string"))
    if stray := _NOT_URI.search(value):
        raise _unfit(value, stray)
    split(value)
    parsed = urlsplit(value)
    if parsed.scheme not in hosts.DEFAULT_PORTS:
        raise Problem(_("expected the https scheme, not %(scheme)s"), scheme=repr(parsed.scheme))
    if not parsed.hostname:
        raise Problem(_("expected a host after the scheme"))
    if parsed.username is not None:
        raise Problem(_("a user name or password in a URL is not allowed"))
    _check_authority(parsed)
    if not hosts.origin(value):
        text = _("clients cannot read the host %(host)s; expected a name or an IP address")
        raise Problem(text, host=repr(parsed.hostname))
    return value


def _check_authority(parsed: SplitResult) -> None:
    if "[" in parsed.netloc:
        ipaddress.IPv6Address(
            parsed.hostname or ""
        )  # raises ValueError, as urlsplit does from Python 3.11
    parsed.port  # noqa: B018 - raises ValueError if it is not a port number
    if len(parsed.netloc) > _LONGEST_AUTHORITY:
        text = _("expected a host and port of at most %(most)d characters")
        raise Problem(text, most=_LONGEST_AUTHORITY)
    if parsed.netloc.endswith(":"):
        raise Problem(_("expected a port after the colon; leave the colon out"))


def _unfit(value: str, stray: re.Match[str]) -> Problem:
    """Return the error for a character that cannot be in a URL, with what to write instead."""
    character = repr(stray[0])
    if placeholder := _PLACEHOLDER.search(value):
        text = _(
            "a URL cannot contain %(character)s; write your own value in place of %(placeholder)s"
        )
        return Problem(text, character=character, placeholder=placeholder[0])
    host = urlsplit(hosts.origin(value)).hostname
    if value.isprintable() and host and stray.start() < len(split(value).origin):
        text = _("a URL cannot contain %(character)s; write its host as %(host)s")
        return Problem(text, character=character, host=host)
    text = _("a URL cannot contain %(character)s; percent-encode it")
    return Problem(text, character=character)


def check_secure_url(value: object) -> str:
    """Return `value` if it is an https URL, or an http one on a loopback host, without fragment."""
    url = check_url(value)
    parsed = urlsplit(url)
    if "#" in url:
        raise Problem(_("a fragment (#) is not allowed"))
    if parsed.scheme == "http" and not is_loopback(parsed.hostname or ""):
        raise Problem(_("plain http is allowed on loopback hosts only; expected https"))
    return url


def _check_identifier(value: object) -> str:
    identifier = check_secure_url(value)
    path = split(identifier).path
    if any(unquote(segment) in (".", "..") for segment in path.split("/")):
        raise Problem(_("'.' and '..' segments are resolved by clients; write the path out"))
    if WELL_KNOWN in path:
        text = _("expected the identifier itself, not the URL of its metadata document")
        raise Problem(text)
    try:
        # Servers pass other octets to Django in different ways, so no view would find the path.
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise Problem(_("expected UTF-8 in the percent-encoded octets of the path")) from None
    if path.lower().endswith("%2f"):
        raise Problem(_("servers decode %%2F at the end of a path; write a slash there"))
    return identifier


@_kept
def check_issuer(value: object) -> str:
    """Return `value` if it is an issuer identifier (RFC 8414 §2), else raise `ValueError`."""
    issuer = _check_identifier(value)
    if "?" in issuer:
        raise Problem(_("a query (?) is not allowed in an issuer"))
    return issuer


@_kept
def check_resource(value: object) -> str:
    """Return `value` if it is a resource identifier (RFC 9728 §1.2), else raise `ValueError`."""
    return _check_identifier(value)


def without_final_slash(value: str) -> str:
    """Return a URL or path without its final slash. Only one slash is removed."""
    return value[:-1] if value.endswith("/") else value


def without_default_port(scheme: str, host: str) -> str:
    """Return a host in lower case, without the default port of its scheme."""
    return host.lower().removesuffix(f":{hosts.DEFAULT_PORTS[scheme]}")


@_kept
def origin(url: str) -> str:
    """Return scheme, host and port as browsers compare them, or "" if it is not an http URL."""
    try:
        return hosts.origin(check_url(url))
    except ValueError:
        return ""


def target(url: object) -> str:
    """Return a URL without query and fragment, in the form in which RFC 3986 §6.2 compares URLs.

    It is "" if the value is not an http URL.
    """
    if not isinstance(url, str) or not (base := origin(url)):
        return ""
    return base + (_ESCAPED.sub(_normalised, split(url).path) or "/")


def _normalised(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


class Location(NamedTuple):
    """Where clients look for the metadata of a resource. No two resources of a site share one."""

    host: str
    path: str
    query: str


@_kept
def locate(identifier: str) -> Location:
    """Return the location of an identifier, with its path percent-decoded as servers do.

    Some clients read RFC 9728 §3.1 as dropping the final slash of any path. So the location is
    the same with and without it.
    """
    parts = split(identifier)
    scheme, _, host = parts.origin.partition("://")
    path = unquote(without_final_slash(parts.path))
    return Location(without_default_port(scheme.lower(), host), path, parts.query[1:])
