"""The answer of an MCP endpoint to OPTIONS, which browsers send before the request itself."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse

from mcp_oauth_discovery.cors import ENDPOINT_PREFLIGHT_HEADERS

_HEADERS = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, POST",
    **ENDPOINT_PREFLIGHT_HEADERS,
    "Cache-Control": "no-store",
}


def preflight_response(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> HttpResponse:
    """Return the answer to OPTIONS. It needs no token, because browsers send none with it."""
    response = HttpResponse(status=status, headers=_HEADERS)
    del response.headers["Content-Type"]
    return response
