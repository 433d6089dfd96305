"""The responses of a protection: the refusal, the answer to OPTIONS, and what caches may keep."""

from __future__ import annotations

from http import HTTPStatus
from typing import NoReturn

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from mcp_oauth_discovery.cors import MCP_REQUEST_HEADERS

_PREFLIGHT_HEADERS = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, POST",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, POST",
    # Fetch Standard: the wildcard never covers Authorization, which is among the names.
    "Access-Control-Allow-Headers": ", ".join(["*", *MCP_REQUEST_HEADERS]),
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "no-store",
}

_NO_TRUTH_VALUE = (
    "A refusal of BearerProtection is neither true nor false, because some frameworks take a true "
    "value for the user. Write `if refusal is not None: return refusal`. For django-ninja, write "
    "auth=BearerAuth(…) from mcp_oauth_discovery.contrib.ninja. For another such framework, pass "
    "the method authenticate of the BearerProtection."
)

# How a view addresses shared caches: in Cache-Control, and in headers for them alone (RFC 9213).
_SHARED = ("public", "s-maxage", "proxy-revalidate")
_TARGETED = ("cdn-cache-control", "surrogate-control")


class Refusal(HttpResponse):
    """A refusal without a truth value, so that no framework takes it for a user."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.content, status=response.status_code)
        # Unchanged, because the answer to OPTIONS has no Content-Type.
        self.headers = response.headers
        self.response = response

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH_VALUE)


def as_response(refusal: HttpResponse) -> HttpResponse:
    """Return the response of a refusal; middleware may test a response for truth."""
    return refusal.response if isinstance(refusal, Refusal) else refusal


def preflight_response(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> HttpResponse:
    """Return the answer to OPTIONS. It needs no token, because browsers send none with it."""
    response = HttpResponse(status=status, headers=_PREFLIGHT_HEADERS)
    del response.headers["Content-Type"]
    return response


def keep_private(response: HttpResponseBase) -> None:
    """Keep the answer to a token out of shared caches, even if the view says `public`.

    RFC 9111 §3.5 lets a shared cache send a public answer to clients that have no token.
    """
    patch_vary_headers(response, ["Authorization"])
    for name in [name for name in response.headers if name.lower().endswith(_TARGETED)]:
        del response.headers[name]
    header = response.headers.get("Cache-Control", "")
    directives = [directive.strip() for directive in header.split(",")]
    names = [directive.partition("=")[0].lower() for directive in directives]
    kept = [
        directive
        for directive, name in zip(directives, names, strict=True)
        if directive and name not in _SHARED
    ]
    response.headers["Cache-Control"] = ", ".join(kept)
    if "no-store" not in names:
        patch_cache_control(response, private=True)
