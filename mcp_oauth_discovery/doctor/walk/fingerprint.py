"""Recognise sites made with Django: the fixes then name its settings."""

from __future__ import annotations

from collections.abc import Callable

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Walk
from mcp_oauth_discovery.standards.identifiers import origin

# The headers of SecurityMiddleware; no other software sends this combination.
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_COOKIES = ("csrftoken=", "sessionid=", "django_language=")
_SERVERS = ("wsgiserver/",)  # of runserver
# Text of Django's own error pages.
_WORDS = (
    b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>",
    b"<h1>Server Error (500)</h1>",
    b"<h1>Bad Request (400)</h1>",
    b"CSRF verification failed. Request aborted.",
    b"because you have <code>DEBUG = True</code>",
)
# The answer of this app at unknown addresses.
_OURS = b'{"error": "not_found"}'


def is_django(walk: Walk) -> bool:
    """Return whether the answers show that the site of the endpoint is made with Django."""
    if walk.in_process:
        return True
    exchanges = (*walk.exchanges(), *walk.suffixes)
    answers = (answer for exchange in exchanges for answer in exchange.answers())
    home = origin(walk.url)
    return any(origin(answer.url) == home and _shows_django(answer) for answer in answers)


def fits_django(walk: Walk) -> Callable[[str], bool]:
    """Return a function that says whether the fixes for Django apply to a URL.

    They do not apply to URLs on other origins than that of the endpoint.
    """
    if not is_django(walk):
        return lambda url: False
    return lambda url: walk.in_process or origin(url) == origin(walk.url)


def _shows_django(answer: Answer) -> bool:
    headers = {name: (answer.header(name) or "").lower() for name in _HEADERS}
    cookies = [cookie.partition("=")[0] + "=" for cookie in answer.all("set-cookie")]
    return (
        headers == _HEADERS
        or any(cookie in _COOKIES for cookie in cookies)
        or (answer.header("server") or "").lower().startswith(_SERVERS)
        or any(words in answer.body for words in _WORDS)
        or (answer.body == _OURS and answer.header("cache-control") == "no-store")
    )
