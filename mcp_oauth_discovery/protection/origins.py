"""The `Origin` of a request, which MCP 2026-07-28 requires an endpoint to check."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse

from mcp_oauth_discovery.challenge.answers import fault_response, forbidden_origin
from mcp_oauth_discovery.conf import Misconfigured, conf, shown
from mcp_oauth_discovery.standards.hosts import DEFAULT_PORTS

_NAME = "MCP_ALLOWED_ORIGINS"
_HINT = 'Type a list such as ["https://chat.example.com"], or "*" for every origin.'
# RFC 6454 §6.2: scheme, host and port, in lower case. Extensions and editors have own schemes.
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.\-]*)://(?P<host>[a-z0-9._\-]+|\[[0-9a-f:.]+\])")
_PORT = re.compile(r"(?::(?P<port>[1-9][0-9]{0,4}))?\Z")


def refused_origin(request: HttpRequest) -> HttpResponse | None:
    """Return the logged 403 for an origin that is not allowed, or None; raises `Misconfigured`."""
    if has_allowed_origin(request):
        return None
    return forbidden_origin(request, request.META["HTTP_ORIGIN"])


def refusal_of_origin(request: HttpRequest) -> HttpResponse | None:
    """Return the 403 for an origin that is not allowed, the 500 for a wrong setting, or None."""
    try:
        return refused_origin(request)
    except Misconfigured as fault:
        return fault_response(request, fault)


def has_allowed_origin(request: HttpRequest) -> bool:
    """Return whether `MCP_ALLOWED_ORIGINS` has the `Origin` of a request; raises `Misconfigured`.

    Programs other than browsers send none.
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None:
        return True
    allowed = allowed_origins()
    return allowed is None or origin in allowed


def allowed_origins() -> tuple[str, ...] | None:
    """Return the origins of the setting, or None for every origin; raises `Misconfigured`."""
    value: object = conf.MCP_ALLOWED_ORIGINS
    if value == "*":
        return None
    if not isinstance(value, (list, tuple)):
        raise Misconfigured.of(_NAME, value, f"expected a list, not {type(value).__name__}", _HINT)
    for position, origin in enumerate(value):
        try:
            _check(origin)
        except ValueError as error:
            raise Misconfigured.of(_NAME, origin, error, _HINT, path=[position]) from error
    return tuple(value)


def _check(origin: object) -> None:
    if not isinstance(origin, str):
        raise ValueError(f"expected a string, not {type(origin).__name__}")
    if origin == "null":
        return
    if origin == "*":
        raise ValueError('write MCP_ALLOWED_ORIGINS = "*", without a list')
    start = _ORIGIN.match(origin)
    end = _PORT.match(origin, start.end()) if start else None
    if start is None or end is None:
        raise ValueError(
            "expected scheme, host and port as browsers send them, in lower case and without "
            "a final slash"
        )
    if end["port"] == str(DEFAULT_PORTS.get(start["scheme"])):
        raise ValueError(f"browsers do not send the default port; write {shown(start[0])}")
