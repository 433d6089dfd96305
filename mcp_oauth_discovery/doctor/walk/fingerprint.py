"""Whether a site is one of Django: the fixes then name its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.standards.identifiers import origin

# What SecurityMiddleware adds; together they are nobody else's.
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_COOKIES = ("csrftoken=", "sessionid=", "django_language=")
_SERVERS = ("wsgiserver/",)  # of runserver
# Of Django's own error pages.
_WORDS = (
    b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>",
    b"<h1>Server Error (500)</h1>",
    b"<h1>Bad Request (400)</h1>",
    b"CSRF verification failed. Request aborted.",
    b"because you have <code>DEBUG = True</code>",
)
# Of this app, at an address that is nobody's.
_OURS = b'{"error": "not_found"}'


def is_django(walk: Walk) -> bool:
    """Say whether the site that the user named shows itself as one of Django."""
    return walk.in_process or any(_shows_django(one) for one in _own(walk))


def fits_django(walk: Walk) -> Callable[[str], bool]:
    """Return what says whether the fixes of Django fit a URL: other origins are strangers."""
    is_one = is_django(walk)
    return lambda url: is_one and (walk.in_process or origin(url) == origin(walk.url))


def _own(walk: Walk) -> Iterator[Answer]:
    for exchange in (*walk.exchanges(), *walk.suffixes):
        for answer in _answers(exchange):
            if origin(answer.url) == origin(walk.url):
                yield answer


def _answers(exchange: Exchange) -> Iterator[Answer]:
    yield from exchange.hops
    if exchange.answer:
        yield exchange.answer


def _shows_django(answer: Answer) -> bool:
    told = {name: (answer.header(name) or "").lower() for name in _HEADERS}
    cookies = [one.partition("=")[0] + "=" for one in answer.all("set-cookie")]
    return (
        told == _HEADERS
        or any(one in _COOKIES for one in cookies)
        or (answer.header("server") or "").lower().startswith(_SERVERS)
        or any(words in answer.body for words in _WORDS)
        or (answer.body == _OURS and answer.header("cache-control") == "no-store")
    )
