"""Makes HTTP responses of documents and errors, with their common headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from mcp_oauth_discovery.cors import DOCUMENT_HEADERS, DOCUMENT_PREFLIGHT_HEADERS
from mcp_oauth_discovery.discovery.cookies import without_cookies
from mcp_oauth_discovery.standards.media_types import quality

JSON = "application/json"
ALLOWED_METHODS = ("GET", "HEAD", "OPTIONS")

_COMMON_HEADERS = {**DOCUMENT_HEADERS, "X-Content-Type-Options": "nosniff"}
# The discovery document of SEP-2127 requires the second one, so that pages can revalidate.
_NEGOTIATED_HEADERS = {"Vary": "Accept", "Access-Control-Expose-Headers": "ETag"}
_PREFLIGHT_HEADERS = {"Allow": ", ".join(ALLOWED_METHODS), **DOCUMENT_PREFLIGHT_HEADERS}


class Answer:
    """A document as it is sent: the body, and the headers of a 200.

    `max_age` is in seconds. None keeps the document out of all caches. A document with a media type
    of its own is also sent as `application/json`, to clients that prefer it. `extra` has further
    headers.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        max_age: int | None,
        media_type: str = JSON,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        self._media_type = media_type
        self._as_json: Answer | None = None
        tagged = self.body
        if media_type != JSON:
            extra = _NEGOTIATED_HEADERS
            self._as_json = Answer(document, max_age=max_age, extra=extra)
            # The two forms have the same octets, but each needs a tag of its own.
            tagged = media_type.encode() + self.body
        self._extra = extra
        self.etag = f'"{hashlib.sha256(tagged).hexdigest()[:32]}"'
        self.headers = {
            "Cache-Control": "no-store" if max_age is None else f"public, max-age={max_age}",
            "ETag": self.etag,
            "Content-Type": media_type,
            **_COMMON_HEADERS,
            **extra,
            "Content-Length": str(len(self.body)),
        }
        # The answer in the form that a server takes, by the method and If-None-Match of a request.
        self.sent: dict[tuple[str, str | None], Any] = {}
        self._checked_headers: Any = None

    def preferred(self, request: HttpRequest) -> Answer:
        """Return the answer in the media type that a request asks for.

        It is `application/json` only if the client wants that more than the type of the document.
        """
        accept = request.META.get("HTTP_ACCEPT")
        if self._as_json is None or accept is None:
            return self
        wants_json = quality(accept, JSON) > quality(accept, self._media_type)
        return self._as_json if wants_json else self

    def response(self, request: HttpRequest) -> HttpResponse:
        """Return 200 with the document, or 304 or 412 if the request has preconditions."""
        answer = self.preferred(request)
        if answer is not self:
            return answer.response(request)
        without_cookies(request)
        if not ("HTTP_IF_MATCH" in request.META or "HTTP_IF_NONE_MATCH" in request.META):
            return self._response(b"" if request.method == "HEAD" else self.body)
        response = self._response(self.body)
        # RFC 9110 §13.1.4: servers must ignore it without a modification date. Django does not.
        request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
        conditional: HttpResponse = get_conditional_response(  # type: ignore[assignment]
            request, etag=self.etag, response=response
        )
        if conditional.status_code == HTTPStatus.PRECONDITION_FAILED:
            return error_response(request, HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
        # Django's 304 has only some of the headers.
        for name, value in self._extra.items():
            conditional[name] = value
        return finish(request, conditional)

    def _response(self, body: bytes) -> HttpResponse:
        if self._checked_headers is None:
            self._checked_headers = HttpResponse(headers=self.headers).headers
        response = HttpResponse(body, content_type=self._media_type)
        # Copy the checked headers, because Django takes long to check and encode each of them.
        response.headers._store = self._checked_headers._store.copy()  # noqa: SLF001
        return response


def error_response(request: HttpRequest, status: int, error: str) -> HttpResponse:
    """Return an error as JSON, which contains nothing from the request."""
    body = json.dumps({"error": error}).encode()
    response = HttpResponse(body, status=status, content_type=JSON)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = ", ".join(ALLOWED_METHODS)
    response["Cache-Control"] = "no-store"
    return finish(request, response)


def preflight_response(request: HttpRequest) -> HttpResponse:
    """Return the answer to OPTIONS, from a browser's preflight or any other client."""
    response = HttpResponse(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT_HEADERS)
    del response["Content-Type"]
    response["Cache-Control"] = "no-store"
    return finish(request, response)


def finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Add the common headers, and remove cookies, and the body if the request is a HEAD."""
    without_cookies(request)
    for name, value in _COMMON_HEADERS.items():
        response[name] = value
    if response.content:
        response["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        # Not every server removes it. RFC 9110 §9.3.2: HEAD has the headers of GET.
        response.content = b""
    return response
