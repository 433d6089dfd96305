"""The challenge in a 401 that points an MCP client to the protected resource metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import connections
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import UnusableRequest
from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.logs.lines import logger, one_line, tracebacks
from mcp_oauth_discovery.logs.redaction import hide_credentials, log_refusal
from mcp_oauth_discovery.standards.authorization import presents_bearer
from mcp_oauth_discovery.standards.well_known import PROTECTED_RESOURCE, insert_well_known
from mcp_oauth_discovery.standards.www_authenticate import (
    LONGEST_VALUE,
    Challenge,
    bearer,
    check_value,
    merge,
    parse,
    scope_tokens,
)

__all__ = ["bearer_challenge", "insufficient_scope", "resource_metadata_url", "unauthorized"]

Scope = str | Iterable[str] | None
# The name of a resource, which each call looks up, or a `Lookup`, which keeps its result.
Named = str | Lookup | None

# No challenge can be made: the resource is disabled or the tenant unknown, a setting is wrong, or
# the host or path of the request cannot be part of a URL.
FAULTS = (Http404, Misconfigured, UnusableRequest)

# Used when the metadata URL is unknown: RFC 6750 §3 requires a parameter.
_REALM = "mcp"
_ERRORS = ("error", "error_description")

# The headers of each refusal. `make_readable` adds the last three to other responses.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate",
}


def resource_metadata_url(request: HttpRequest, resource: Named = None) -> str:
    """Return the URL of the metadata of a resource (RFC 9728 §3.1), on the resource's own origin.

    `resource` is its identifier, or its key or path in the settings. Without it, the resource at
    the path of the request is meant, or else the default one. Raises `UnknownResource`, and
    `Http404` if the resource is disabled.
    """
    # The protection of a view has already looked up its resource.
    lookup = resource if isinstance(resource, Lookup) else Lookup.for_request(request, resource)
    url = insert_well_known(lookup.find().identifier, PROTECTED_RESOURCE)
    lookup.site.log_if_http(url)
    return url


def bearer_challenge(
    request: HttpRequest,
    *,
    resource: Named = None,
    scope: Scope = None,
    error: str | None = None,
    error_description: str | None = None,
) -> str:
    """Return the value of `WWW-Authenticate` for a resource, chosen as in `resource_metadata_url`.

    `error` and its description are left out if the request has no bearer token (RFC 6750 §3.1),
    except for `insufficient_scope`, which implies a token. Raises `ValueError` for a value that
    its parameter cannot have.
    """
    return str(_challenge(request, resource, scope, error, error_description))


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
    text = "A protected endpoint answered 500: %s"
    exc_info = tracebacks.limited(fault, "endpoint")
    logger.error(text, one_line(fault), exc_info=exc_info, extra=extra)
    return _json(request, HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "server_error"})


def add_challenge(
    request: HttpRequest,
    response: HttpResponseBase,
    *,
    resource: Named = None,
    scope: Scope = None,
) -> None:
    """Add the challenge to a 401 or 403 of other code, or complete its Bearer challenge."""
    challenge = _challenge(request, resource, scope, None, None)
    existing = response.headers.get("WWW-Authenticate", "")
    try:
        header = merge(existing, challenge)
    except ValueError as error:
        extra = {"event": "challenge.replaced"}
        text = "Replaced an invalid WWW-Authenticate header: %s"
        logger.warning(text, one_line(error), extra=extra)
        header = str(challenge)
    response.headers["WWW-Authenticate"] = header
    make_readable(response)


def is_unfinished(response: HttpResponseBase) -> bool:
    """Return whether a response needs a challenge: each 401, and a 403 about tokens."""
    if response.status_code != HTTPStatus.FORBIDDEN:
        return response.status_code == HTTPStatus.UNAUTHORIZED
    header = response.headers.get("WWW-Authenticate", "")
    try:
        return any(challenge.is_bearer for challenge in parse(header))
    except ValueError:
        return presents_bearer(header)


def make_readable(response: HttpResponseBase) -> None:
    """Let scripts of all origins read a refusal and its challenge, and keep it out of caches."""
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    exposed = response.headers.get("Access-Control-Expose-Headers", "")
    names = [name.strip() for name in exposed.split(",") if name.strip()]
    if "www-authenticate" not in [name.lower() for name in names]:
        names.append("WWW-Authenticate")
    response.headers["Access-Control-Expose-Headers"] = ", ".join(names)


def checked_scope(scope: Scope) -> tuple[str, ...]:
    """Return the tokens of a scope that a challenge may name; raises `ValueError`."""
    tokens = scope_tokens(scope)
    if "offline_access" in tokens:
        raise ValueError(
            "scope: offline_access is between the client and the authorization server; "
            "a resource does not ask for it"
        )
    return tokens


def with_granted(needed: tuple[str, ...], granted: str | Iterable[str]) -> tuple[str, ...]:
    """Return the needed scopes, and as many of the granted ones as fit into a challenge."""
    tokens = needed
    granted_tokens = granted.split(" ") if isinstance(granted, str) else granted
    for token in sorted(set(granted_tokens) - set(needed)):
        try:
            longer = (*tokens, *checked_scope([token]))
            check_value("scope", " ".join(longer))
        except ValueError:
            # Another site issued the token: this scope is offline_access, too long or invalid.
            continue
        tokens = longer
    return tokens


def credentials(request: HttpRequest) -> str:
    """Return the `Authorization` header of a request."""
    # `request.headers` parses all headers, unless that has been done.
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    return request.headers.get("Authorization", "") if "headers" in vars(request) else header


def _challenge(
    request: HttpRequest,
    resource: Named,
    scope: Scope,
    error: str | None,
    error_description: str | None,
) -> Challenge:
    metadata = _sendable_url(request, resource)
    # Check every value, even one that is left out below: an invalid one is a mistake in the code.
    challenge = bearer(
        {
            "realm": None if metadata else _REALM,
            "resource_metadata": metadata,
            "scope": " ".join(checked_scope(scope)) or None,
            "error": error,
            "error_description": error_description,
        }
    )
    if error == "insufficient_scope" or presents_bearer(credentials(request)):
        return challenge
    shown = {name: value for name, value in challenge.parameters.items() if name not in _ERRORS}
    return Challenge(challenge.scheme, shown)


def _sendable_url(request: HttpRequest, resource: Named) -> str | None:
    try:
        url = resource_metadata_url(request, resource)
    except UnusableRequest:
        raise
    except SuspiciousOperation as refusal:
        # The URL cannot have a host that is not allowed. The client still gets a challenge, and
        # tries the well-known URLs.
        log_refusal(request, refusal)
        return None
    if len(url) > LONGEST_VALUE:
        # A callable may have built it from the path of the request.
        raise UnusableRequest(
            f"A metadata URL of {len(url)} characters is too long for a challenge"
        )
    return url


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
        challenge = _challenge(request, resource, scope, error, error_description)
    except UnusableRequest as fault:
        return fault_response(request, fault)
    errors = {name: value for name, value in challenge.parameters.items() if name in _ERRORS}
    body = {"error": "unauthorized", **errors}
    return _json(request, status, body, {"WWW-Authenticate": str(challenge)})


def _json(
    request: HttpRequest,
    status: HTTPStatus,
    body: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    response = JsonResponse(body, status=status, headers={**_HEADERS, **(headers or {})})
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        # Not every server removes it. RFC 9110 §9.3.2: HEAD has the headers of GET.
        response.content = b""
    return response
