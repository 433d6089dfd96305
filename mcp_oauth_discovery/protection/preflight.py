"""The answer of an MCP endpoint to OPTIONS, which browsers send before the request itself."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.cors import DPOP_PREFLIGHT_HEADERS, ENDPOINT_PREFLIGHT_HEADERS
from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.protection.origins import refused_origin

_HEADERS = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, POST",
    **ENDPOINT_PREFLIGHT_HEADERS,
    "Cache-Control": "no-store",
}


def preflight_response(
    status: HTTPStatus = HTTPStatus.NO_CONTENT, *, with_dpop: bool = False
) -> HttpResponse:
    """Return the answer to OPTIONS. It needs no token, because browsers send none with it.

    With DPoP, scripts may send proofs.
    """
    headers = {**_HEADERS, **DPOP_PREFLIGHT_HEADERS} if with_dpop else _HEADERS
    response = HttpResponse(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def answer_to_options(request: HttpRequest, lookup: Lookup, *, with_dpop: bool) -> HttpResponse:
    """Return the answer to OPTIONS: 204, 403 for an origin that is not allowed, or 404.

    It is 404 for a resource that is disabled.
    """
    try:
        if (refusal := refused_origin(request)) is not None:
            return refusal
        lookup.find()
    except Http404:
        return preflight_response(HTTPStatus.NOT_FOUND, with_dpop=with_dpop)
    except (SuspiciousOperation, Misconfigured):
        # Let the script send the request itself, which is then refused and logged.
        pass
    return preflight_response(with_dpop=with_dpop)
