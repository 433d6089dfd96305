"""Why an answer is a redirect: in a Django site, a few settings cause nearly all of them."""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import urljoin, urlsplit

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.intermediaries import login_service
from mcp_oauth_discovery.standards.identifiers import origin

# How many redirects the doctor follows; a longer chain must not lead it across the Internet.
MOST_HOPS = 5

_LANGUAGE = re.compile(r"/[a-z]{2,3}(?:-[a-z]{2,8})?(?=/)", re.I)
_LOGIN = re.compile(r"(?:log|sign)[-_]?(?:in|on)\b|[?&](?:next|redirect_to|return_to)=", re.I)


class Cause(Enum):
    """The most likely reason for a redirect."""

    HTTPS = "https"
    SLASH = "slash"
    WWW = "www"
    LANGUAGE = "language"
    LOGIN = "login"
    OFFSITE = "offsite"
    OTHER = "other"
    LOOP = "loop"


def target(answer: Answer) -> str | None:
    """Return the absolute URL that an answer redirects to, or None if it does not."""
    location = answer.header("location")
    if answer.status not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        return urljoin(answer.url, location)
    except ValueError:
        return location


def is_login(to: str) -> bool:
    """Return whether the URL that a redirect leads to is that of a login."""
    return bool(_LOGIN.search(to) or login_service(to))


def cause(url: str, to: str) -> Cause:
    """Return the most likely cause of a redirect from one URL to another."""
    if to == url:
        return Cause.LOOP
    if origin(url) != origin(to):
        here, there = origin(url).partition("://")[2], origin(to).partition("://")[2]
        if here == there and to.lower().startswith("https:"):
            return Cause.HTTPS
        # An IP address with "www." in front has no origin, and PREPEND_WWW redirects there.
        host = there or to.lower().partition("://")[2].partition("/")[0]
        is_www = bool(host) and here.removeprefix("www.") == host.removeprefix("www.")
        return Cause.WWW if is_www else Cause.OFFSITE
    path, other = urlsplit(url).path, urlsplit(to).path
    if path != other and path.rstrip("/") == other.rstrip("/"):
        return Cause.SLASH
    if (prefix := _LANGUAGE.match(other)) and other[prefix.end() :].rstrip("/") == path.rstrip("/"):
        return Cause.LANGUAGE
    return Cause.LOGIN if _LOGIN.search(to) else Cause.OTHER
