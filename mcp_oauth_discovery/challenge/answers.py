"""The refusals and errors of a protected endpoint, and the challenge of other responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import connections
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from mcp_oauth_discovery.challenge.dpop import exposed_headers, headers_of_refusal, read_schemes
from mcp_oauth_discovery.challenge.headers import (
    ERRORS,
    Named,
    Scope,
    challenges_for,
    checked_scope,
    joined,
    with_granted,
)
from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.identity import UnusableRequest
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.logs.lines import logger, one_line, tracebacks
from mcp_oauth_discovery.logs.redaction import (
    hide_credentials,
    log_refusal,
    without_credentials,
    without_token,
)
from mcp_oauth_discovery.signing import Unavailable
from mcp_oauth_discovery.standards.www_authenticate import merge, parse

# The headers of each refusal. `make_readable` adds the last two to other responses.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
}


def unauthorized(
    request: HttpRequest,
    *,
    resource: Named = None,
    scope: Scope = None,
    error: str | None = None,
    error_description: str | None = None,
) -> JsonResponse:
    """Return the 401 with the challenge of `bearer_challenge`.

    `error` is `invalid_token` by default. Raises `ValueError` as `bearer_challenge` does.
    """
    details = (resource, scope, error or "invalid_token", error_description)
    return _refusal(request, HTTPStatus.UNAUTHORIZED, *details)


def insufficient_scope(
    request: HttpRequest,
    scope: str | Iterable[str],
    *,
    granted: Scope = None,
    resource: Named = None,
    error_description: str | None = None,
) -> JsonResponse:
    """Return the 403 that names every scope that the operation needs (RFC 6750 §3.1).

    `granted` has the scopes of the token. Some clients request only the named scopes, and would
    lose the others.
    """
    tokens = checked_scope(scope)
    if not tokens:
        raise ValueError("scope: expected at least one token, for the client to ask for")
    scopes = with_granted(tokens, granted or ())
    details = (resource, scopes, "insufficient_scope", error_description)
    return _refusal(request, HTTPStatus.FORBIDDEN, *details)


def invalid_request(
    request: HttpRequest, error_description: str, *, resource: Named = None
) -> JsonResponse:
    """Return the 400 for repeated credentials (RFC 6750 §3.1)."""
    details = (resource, None, "invalid_request", error_description)
    return _refusal(request, HTTPStatus.BAD_REQUEST, *details)


def json_rpc_error(
    request: HttpRequest, status: HTTPStatus, code: int, message: str
) -> JsonResponse:
    """Return an error as JSON-RPC 2.0 §5.1 has it, for a body that no operation can be read from.

    The `id` is null, because the body does not say for sure which one it has.
    """
    error = {"code": code, "message": message}
    return _json(request, status, {"jsonrpc": "2.0", "id": None, "error": error})


def forbidden_origin(request: HttpRequest, origin: str) -> JsonResponse:
    """Return the logged 403 for an `Origin` that is not allowed. It has no challenge."""
    extra = {"event": "origin.refused", "status_code": 403, "request": without_credentials(request)}
    text = "Refused a request from a page of %s, which MCP_ALLOWED_ORIGINS does not have"
    logger.warning(text, one_line(without_token(request, shown(origin))), extra=extra)
    body = {
        "error": "origin_not_allowed",
        "error_description": "This server does not accept requests from pages of this origin",
    }
    return _json(request, HTTPStatus.FORBIDDEN, body)


def unavailable(request: HttpRequest, error: Unavailable) -> JsonResponse:
    """Return the logged 503 for a token that cannot be verified now. It has no challenge."""
    shown_request = without_credentials(request)
    extra = {"event": "token.unverified", "status_code": 503, "request": shown_request}
    text = "A token cannot be verified, so the answer is 503: %s"
    logger.warning(text, one_line(without_token(request, str(error))), extra=extra)
    headers = {"Retry-After": str(error.retry_after)}
    body = {"error": "temporarily_unavailable"}
    return _json(request, HTTPStatus.SERVICE_UNAVAILABLE, body, headers)


def fault_response(request: HttpRequest, fault: Exception) -> JsonResponse:
    """Return the answer if no challenge can be made: 404, 400, or a logged 500."""
    if isinstance(fault, Http404):
        return _json(request, HTTPStatus.NOT_FOUND, {"error": "not_found"})
    if isinstance(fault, (SuspiciousOperation, BadRequest)):
        log_refusal(request, fault)
        return _json(request, HTTPStatus.BAD_REQUEST, {"error": "invalid_request"})
    _roll_back()
    fault = hide_credentials(request, fault)
    extra = {"event": "endpoint.failed", "status_code": 500, "request": request, "fault": fault}
    text = "A protected endpoint answered 500: %s%s"
    exc_info = tracebacks.limited(fault, "endpoint")
    logger.error(text, one_line(fault), remedy(fault), exc_info=exc_info, extra=extra)
    return _json(request, HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "server_error"})


def add_challenge(
    request: HttpRequest,
    response: HttpResponseBase,
    *,
    resource: Named = None,
    scope: Scope = None,
) -> None:
    """Add the challenges to a 401 or 403 of other code, or complete those that it has."""
    challenges = challenges_for(request, resource, scope, None, None)
    existing = response.headers.get("WWW-Authenticate", "")
    try:
        header = merge(existing, *challenges)
    except ValueError as error:
        extra = {"event": "challenge.replaced"}
        text = "Replaced an invalid WWW-Authenticate header: %s"
        logger.warning(text, one_line(error), extra=extra)
        header = joined(challenges)
    response.headers["WWW-Authenticate"] = header
    make_readable(request, response)


def is_unfinished(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a response needs a challenge: each 401, and a 403 about tokens."""
    if response.status_code != HTTPStatus.FORBIDDEN:
        return response.status_code == HTTPStatus.UNAUTHORIZED
    header = response.headers.get("WWW-Authenticate", "")
    schemes = read_schemes(request)
    try:
        names = {challenge.scheme.lower() for challenge in parse(header)}
        return any(scheme.name.lower() in names for scheme in schemes)
    except ValueError:
        return any(scheme.is_presented(header) for scheme in schemes)


def make_readable(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let scripts of all origins read a refusal and its challenge, and keep it out of caches."""
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    exposed = response.headers.get("Access-Control-Expose-Headers", "")
    names = [name.strip() for name in exposed.split(",") if name.strip()]
    written = [name.lower() for name in names]
    names += [name for name in exposed_headers(request) if name.lower() not in written]
    response.headers["Access-Control-Expose-Headers"] = ", ".join(names)
    for name, value in headers_of_refusal(request).items():
        response.headers[name] = value


def _roll_back() -> None:
    """Roll back the transaction of the request, as Django does if a view raises an exception."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)


def _refusal(
    request: HttpRequest,
    status: HTTPStatus,
    resource: Named,
    scope: Scope,
    error: str,
    error_description: str | None,
) -> JsonResponse:
    try:
        challenges = challenges_for(request, resource, scope, error, error_description)
    except UnusableRequest as fault:
        return fault_response(request, fault)
    parameters = [item for challenge in challenges for item in challenge.parameters.items()]
    body = {"error": "unauthorized", **{n: v for n, v in parameters if n in ERRORS}}
    headers = {"WWW-Authenticate": joined(challenges), **headers_of_refusal(request)}
    return _json(request, status, body, headers)


def _json(
    request: HttpRequest,
    status: HTTPStatus,
    body: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    exposed = {"Access-Control-Expose-Headers": ", ".join(exposed_headers(request))}
    all_headers = {**_HEADERS, **exposed, **(headers or {})}
    response = JsonResponse(body, status=status, headers=all_headers)
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        # Not every server removes it. RFC 9110 §9.3.2: HEAD has the headers of GET.
        response.content = b""
    return response
