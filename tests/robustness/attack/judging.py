"""What must hold of each answer, a rule each: it returns the violation, or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tests.robustness.attack.corpus import DOCUMENTS, ROOTS
from tests.robustness.attack.replies import Reply
from tests.robustness.attack.requests import Request

# Microseconds of processor time.
MOST_TIME = 100_000
# What Django answers to a host that is not allowed, before any view.
_REFUSED_HOST = b"<h1>Bad Request (400)</h1>"
# Django looks up the charset of a request among all codecs, and these are not for text. If the
# request has a query, Django fails before its first middleware: no code of a site is involved.
_CODECS = re.compile(rb"^Content-Type:[^\r\n]*charset=(hex|rot13)", re.M)
# The ID of the client, in the form of Basic and of a form. Its secret is hashed, which is slow on
# purpose.
_SECRETS = (b"Basic YXR0YWNrZWQ6", b"client_secret=")
_ENDPOINTS = (b"/mcp", b"/reports/mcp", b"/oauth/mcp/token")


class Seen(NamedTuple):
    """An answer, the request for it, and the site that sent it.

    `bodies` are the documents of the site, as a plain request gets them. `is_timed` is false if the
    same request took less time in another attempt.
    """

    request: Request
    reply: Reply
    server: str
    placement: str
    bodies: Collection[bytes]
    is_timed: bool = True

    @property
    def is_own(self) -> bool:
        """Whether the server answered without an answer of the site."""
        return self.reply.report is None

    @property
    def is_document(self) -> bool:
        """Whether this app must have answered, because the path is that of a document."""
        is_behind = self.placement == "views"
        is_refused = is_behind and (self.is_refused_host or self.is_answered_by_cors)
        return belongs_to_a_document(self.request.target) and not is_refused

    @property
    def is_endpoint(self) -> bool:
        """Whether the MCP or the token endpoint must have answered."""
        path = self.request.target.partition(b"?")[0]
        is_refused = self.is_refused_host or (
            self.placement == "views" and self.is_answered_by_cors
        )
        return path in _ENDPOINTS and self.request.is_framed and not is_refused

    @property
    def is_answered_by_cors(self) -> bool:
        """Whether django-cors-headers may have answered a preflight before any view."""
        is_preflight = b"\r\nAccess-Control-Request-Method:" in self.request.octets
        return self.request.method == b"OPTIONS" and is_preflight

    @property
    def is_home(self) -> bool:
        """Whether the path is empty. CommonMiddleware redirects this request to the home page."""
        return self.request.target.startswith(b"?")

    @property
    def is_refused_host(self) -> bool:
        """Whether Django has refused the host. HEAD shows only the type of its page."""
        is_page = self.reply.all("content-type") == ["text/html; charset=utf-8"]
        is_head = self.request.method == b"HEAD" and is_page
        return self.reply.status == 400 and (is_head or _REFUSED_HOST in self.reply.body)


def belongs_to_a_document(target: bytes) -> bool:
    """Return whether every server must see the path of a document in a request target."""
    if not target.startswith(b"/") or target.startswith(b"//"):
        return False
    path = target.partition(b"?")[0]
    # Some servers cut a fragment off.
    readings = (unquote_to_bytes(path), unquote_to_bytes(path.partition(b"#")[0]))
    return all(
        reading.removesuffix(b"/") in DOCUMENTS
        or reading.startswith(tuple(root + b"/" for root in ROOTS))
        for reading in readings
    )


def violations(seen: Seen) -> list[str]:
    """Return what is wrong with an answer."""
    if seen.is_own:
        is_error = seen.reply.status >= 500 and not is_explained(seen)
        return [f"{seen.server} itself answered {seen.reply.status}"] if is_error else []
    return [violation for rule in RULES if (violation := rule(seen))]


def is_explained(seen: Seen) -> bool:
    """Return whether an error of the server itself is one that docs/robustness.md explains."""
    if seen.reply.status == 501:
        # It implements no transfer coding but chunked (RFC 9112 §6.1).
        return seen.server == "gunicorn"
    is_codec = _CODECS.search(seen.request.octets) and b"?" in seen.request.target
    return seen.reply.status == 500 and bool(is_codec)


def server_error(seen: Seen) -> str | None:
    status = seen.reply.status
    return f"the status is {status}" if status >= 500 else None


def redirect(seen: Seen) -> str | None:
    if seen.is_home:
        return None
    is_redirect = 300 <= seen.reply.status < 400 and seen.reply.status != 304
    if is_redirect or seen.reply.all("location"):
        return f"a redirect: {seen.reply.status} {seen.reply.all('location')}"
    return None


def cookie(seen: Seen) -> str | None:
    """Refuse a cookie of our URLs. Django replaces an odd one on its own 404 page."""
    cookies = seen.reply.all("set-cookie")
    if seen.request.kind == "mcp":
        # SessionMiddleware deletes its cookie if it is of no session. The view may need sessions.
        cookies = [each for each in cookies if not each.startswith('sessionid="";')]
    return "a cookie is set" if cookies and (seen.is_document or seen.is_endpoint) else None


def request_data(seen: Seen) -> str | None:
    """Refuse the canary anywhere, and a header that the request wanted to add.

    For a request with a valid token, the MCP server answers. JSON-RPC has it repeat the `id`. If
    the token is in a place where it does not count, the answer is a 401 like any other.
    """
    is_answered = seen.request.kind == "mcp" and seen.request.has_token
    is_answered = is_answered and seen.reply.status != 401
    is_repeated = seen.request.canary in _own_octets(seen).lower()
    is_repeated = is_repeated and not is_answered and not seen.is_home
    if is_repeated or seen.reply.all("x-injected"):
        return "data of the request is in the answer"
    return None


def _own_octets(seen: Seen) -> bytes:
    """Return the octets of an answer without the `Origin` that CORS repeats on an MCP endpoint."""
    if seen.request.kind != "mcp":
        return seen.reply.octets
    kept = [field for field in seen.reply.fields if field[0] != "access-control-allow-origin"]
    return seen.reply._replace(fields=tuple(kept)).octets


def other_document(seen: Seen) -> str | None:
    """Refuse a document that is not octet by octet the one that everyone gets."""
    is_sent = seen.reply.status == 200 and seen.reply.body
    if seen.is_document and is_sent and seen.reply.body not in seen.bodies:
        return "a document is not the one that a plain request gets"
    return None


def cors(seen: Seen) -> str | None:
    origins = seen.reply.all("access-control-allow-origin")
    if seen.is_document and origins != ["*"]:
        return f"Access-Control-Allow-Origin of a document is {origins}"
    if seen.is_document and seen.reply.all("access-control-allow-credentials"):
        return "a document allows credentials"
    if not seen.is_endpoint:
        return None
    if seen.request.kind == "token" and origins != ["*"]:
        return f"Access-Control-Allow-Origin of the token endpoint is {origins}"
    accepted = seen.request.origin
    if seen.request.kind == "mcp" and accepted and origins not in (["*"], [accepted]):
        return f"Access-Control-Allow-Origin of an MCP endpoint is {origins}"
    return None


def processor_time(seen: Seen) -> str | None:
    _, microseconds = seen.reply.report or ("-", 0)
    is_hashed = seen.request.kind == "token" and any(
        secret in seen.request.octets for secret in _SECRETS
    )
    if microseconds > MOST_TIME and seen.is_timed and not is_hashed:
        return f"{microseconds / 1000:.0f} ms of processor time"
    return None


def other_request(seen: Seen) -> str | None:
    """Refuse an answer to another request: client and server disagree where one ended."""
    number, _ = seen.reply.report or ("-", 0)
    expected = str(seen.request.index)
    allowed = (expected,) if seen.request.is_framed else (expected, "-")
    return None if number in allowed else f"this answers request {number}"


RULES: tuple[Callable[[Seen], str | None], ...] = (
    server_error,
    redirect,
    cookie,
    request_data,
    other_document,
    cors,
    processor_time,
    other_request,
)
