"""The answer of an MCP endpoint to OPTIONS, which browsers send before the request itself."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse

from mcp_oauth_discovery.cors import MCP_REQUEST_HEADERS

_HEADERS = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, POST",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, POST",
    # Fetch Standard: the wildcard never covers Authorization, which is among the names.
    "Access-Control-Allow-Headers": ", ".join(["*", *MCP_REQUEST_HEADERS]),
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "no-store",
}


def preflight_response(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> HttpResponse:
    """Return the answer to OPTIONS. It needs no token, because browsers send none with it."""
    response = HttpResponse(status=status, headers=_HEADERS)
    del response.headers["Content-Type"]
    return response
