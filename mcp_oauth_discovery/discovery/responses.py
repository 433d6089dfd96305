"""Makes HTTP responses of documents and errors, with their common headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

ALLOWED_METHODS = ("GET", "HEAD", "OPTIONS")

_COMMON_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "X-Content-Type-Options": "nosniff",
}
_PREFLIGHT_HEADERS = {
    "Allow": ", ".join(ALLOWED_METHODS),
    # Fetch Standard: the wildcard does not include Authorization.
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "86400",
}


def document_response(
    request: HttpRequest, document: Mapping[str, Any], *, max_age: int | None
) -> HttpResponse:
    """Return 200 with the document, or 304 or 412 if the request has preconditions.

    `max_age` is in seconds. None keeps the document out of all caches.
    """
    body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    caching = "no-store" if max_age is None else f"public, max-age={max_age}"
    response = HttpResponse(
        body, content_type="application/json", headers={"Cache-Control": caching, "ETag": etag}
    )
    # RFC 9110 §13.1.4: servers must ignore it without a modification date. Django does not.
    request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
    conditional = get_conditional_response(request, etag=etag, response=response) or response
    if conditional.status_code == HTTPStatus.PRECONDITION_FAILED:
        return error_response(request, HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
    return finish(request, conditional)


def error_response(request: HttpRequest, status: int, error: str) -> HttpResponse:
    """Return an error as JSON, which contains nothing from the request."""
    body = json.dumps({"error": error}).encode()
    response = HttpResponse(body, status=status, content_type="application/json")
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
    """Add the common headers, and remove the body if the request is a HEAD."""
    for name, value in _COMMON_HEADERS.items():
        response[name] = value
    if response.content:
        response["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        # Not every server removes it. RFC 9110 §9.3.2: HEAD has the headers of GET.
        response.content = b""
    return response
