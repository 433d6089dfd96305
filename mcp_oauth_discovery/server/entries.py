"""The WSGI and the ASGI entry: they send kept documents, and pass on all other requests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest, get_path_info
from django.http import HttpRequest, HttpResponse
from django.urls import set_script_prefix

from mcp_oauth_discovery.discovery.card_entries import may_be_card
from mcp_oauth_discovery.discovery.publication import (
    keys_of_every_request,
    present_publication,
)
from mcp_oauth_discovery.discovery.responses import preflight_response
from mcp_oauth_discovery.signing.published import published_keys
from mcp_oauth_discovery.standards.server_cards import CATALOG
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)
from mcp_oauth_discovery.views import build_for_publication

StartResponse = Callable[..., Any]
WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[..., Awaitable[None]]

_PATHS = (PROTECTED_RESOURCE, AUTHORIZATION_SERVER, JWKS, CATALOG)
_METHODS = ("GET", "HEAD", "OPTIONS")
_NO_BODY = (None, "", "0")
# The headers of a request that decide about its answer, under the names of WSGI.
_HEADERS = {
    b"host": "HTTP_HOST",
    b"x-forwarded-host": "HTTP_X_FORWARDED_HOST",
    b"accept": "HTTP_ACCEPT",
    b"if-match": "HTTP_IF_MATCH",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"content-length": "CONTENT_LENGTH",
    b"transfer-encoding": "HTTP_TRANSFER_ENCODING",
}


class WSGIEntry:
    """Answers with the documents, and has `application` answer everything else."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not (_may_be_ours(path) and _is_plain(environ, environ.get("SCRIPT_NAME"))):
            return self.application(environ, start_response)
        # WSGI has the octets of the path as if they were Latin-1.
        path = path if path.isascii() else get_path_info(environ)
        # A copy: Django changes the environment of its request.
        sent = _ready(path, environ) or _built(environ, lambda: WSGIRequest({**environ}))
        if sent is None:
            return self.application(environ, start_response)
        start_response(sent.status_line, list(sent.headers))
        return [sent.body]


class ASGIEntry:
    """Answers with the documents, and has `application` answer everything else."""

    def __init__(self, application: ASGIApplication) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        sent = None
        if scope["type"] == "http" and _may_be_ours(scope["path"]):
            sent = await self._answer(scope)
        if sent is None:
            await self.application(scope, receive, send)
            return
        headers = list(sent.octets)
        start = {"type": "http.response.start", "status": sent.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": sent.body, "more_body": False})

    async def _answer(self, scope: Message) -> Sent | None:
        meta = _meta(scope)
        if meta is None or not _is_plain(meta, scope.get("root_path")):
            return None
        sent = _ready(scope["path"], meta)
        if sent is not None:
            return sent
        try:
            loop, make = asyncio.get_running_loop(), lambda: ASGIRequest(scope, BytesIO())
            return await loop.run_in_executor(_thread(os.getpid()), _built, meta, make)
        except RuntimeError:
            # No thread can be started. Django is asked next, and reports it.
            return None


class Sent(NamedTuple):
    """An answer in the forms that servers take: WSGI the text, ASGI the octets."""

    status: int
    status_line: str
    headers: tuple[tuple[str, str], ...]
    octets: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, response: HttpResponse) -> Sent:
        headers = tuple(response.items())
        octets = tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in headers)
        line = f"{response.status_code} {response.reason_phrase}"
        return cls(response.status_code, line, headers, octets, response.content)


class _Head(HttpRequest):
    """A request of which only the method and some headers are known."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.method = meta["REQUEST_METHOD"]
        self.META = meta  # type: ignore[assignment]


def _meta(scope: Message) -> dict[str, Any] | None:
    """Return the parts of a request that decide about the answer, under the names of WSGI.

    Return None if one of these headers is repeated, because Django joins the values; those of
    Accept are joined here too. Return None also if the name of a header has capital letters. ASGI
    forbids these, and Django accepts them.
    """
    query = scope.get("query_string", b"")
    meta = {"REQUEST_METHOD": scope["method"], "QUERY_STRING": query}
    for name, value in scope.get("headers", ()):
        known = _HEADERS.get(name)
        if known is not None:
            if known in meta and known != "HTTP_ACCEPT":
                return None
            text = value.decode("latin-1")
            meta[known] = f"{meta[known]},{text}" if known in meta else text
        elif not name.islower():
            return None
    return meta


def _may_be_ours(path: str) -> bool:
    """Return whether a path may be that of a document, without a look-up in the URLconf."""
    return path.startswith(_PATHS) or may_be_card(path)


def _is_plain(meta: Mapping[str, Any], script_name: object) -> bool:
    """Return whether only method, path, host, Accept and If-None-Match decide about the answer.

    Then an answer of this module has the same octets as that of Django.
    """
    return not (
        meta["REQUEST_METHOD"] not in _METHODS
        or "HTTP_IF_MATCH" in meta
        or "HTTP_TRANSFER_ENCODING" in meta
        or meta.get("CONTENT_LENGTH") not in _NO_BODY
        or meta.get("QUERY_STRING")
        or script_name
        # Apache's mod_rewrite sets these, and Django reads a prefix from them.
        or "SCRIPT_URL" in meta
        or "REDIRECT_URL" in meta
    )


def _ready(path: str, meta: Mapping[str, Any]) -> Sent | None:
    """Return the answer to a request if its document is kept, without waiting or a query."""
    try:
        publication = present_publication()
        route = publication and publication.route(path)
        if not (publication and route and publication.allows_host(_Head(meta))):
            return None
        method = meta["REQUEST_METHOD"]
        if method == "OPTIONS":
            return _preflight() if publication.still_has(route[1]) else None
        answer = publication.answer(route[1], keys_of_every_request)
        if answer is None:
            return None
        answer = answer.preferred(_Head(meta))
        condition = meta.get("HTTP_IF_NONE_MATCH")
        if condition not in (None, answer.etag):
            return Sent.of(answer.response(_Head(meta)))
        sent: Sent | None = answer.sent.get((method, condition))
        if sent is None:
            sent = answer.sent[method, condition] = Sent.of(answer.response(_Head(meta)))
    except Exception:  # noqa: BLE001
        # Django is asked next, and reports it.
        return None
    return sent


def _built(meta: Mapping[str, Any], make_request: Callable[[], HttpRequest]) -> Sent | None:
    """Return the answer to a request after building its document, or None if Django must answer."""
    try:
        # A middleware may choose the keys of a tenant, but none has run yet.
        if not published_keys.is_shared():
            return None
        request = make_request()
        request.method = "GET"
        # Only FORCE_SCRIPT_NAME can give one.
        set_script_prefix(request.META["SCRIPT_NAME"])
        build_for_publication(request)
    except Exception:  # noqa: BLE001
        # Django is asked next, and reports it: an unknown path, a wrong setting, a database.
        return None
    return _ready(request.path_info, meta)


@lru_cache(maxsize=1)
def _thread(process: int) -> ThreadPoolExecutor:
    # Documents are built here, because the threads of Django's views may all be busy. A fork does
    # not copy threads, so each process has its own.
    return ThreadPoolExecutor(1, thread_name_prefix="mcp-discovery")


@lru_cache(maxsize=1)
def _preflight() -> Sent:
    return Sent.of(preflight_response(_Head({"REQUEST_METHOD": "OPTIONS"})))
