"""How a view of REST framework answers a refusal as a protection does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, views
from rest_framework.request import Request

from mcp_oauth_discovery.challenge.answers import make_readable
from mcp_oauth_discovery.protection import (
    BearerProtection,
    Claims,
    InvalidProof,
    NonceRequired,
)
from mcp_oauth_discovery.protection.caching import keep_private
from mcp_oauth_discovery.protection.origins import refused_origin
from mcp_oauth_discovery.protection.preflight import preflight_response

_STATUS = {
    "invalid_request": HTTPStatus.BAD_REQUEST,
    "invalid_token": HTTPStatus.UNAUTHORIZED,
    "insufficient_scope": HTTPStatus.FORBIDDEN,
    InvalidProof.error: HTTPStatus.UNAUTHORIZED,
    NonceRequired.error: HTTPStatus.UNAUTHORIZED,
}


class Refusal(exceptions.APIException):
    """A refusal with its challenge."""

    def __init__(self, error: str, text: str | None, challenge: str) -> None:
        super().__init__(text or exceptions.AuthenticationFailed.default_detail, error)
        self.status_code = _STATUS[error]
        # REST framework itself keeps the header of a 401 in this attribute.
        self.auth_header = challenge


_REFUSALS = (Refusal, exceptions.NotAuthenticated, exceptions.AuthenticationFailed)


def claims_of(request: Request) -> Claims:
    """Return the claims of the token that authenticated a request, or none."""
    # Not `request.auth`, which would authenticate again while a class is doing so.
    auth = getattr(request, "_auth", None)
    return auth if isinstance(auth, Mapping) else {}


def view_of(request: Request) -> Any:
    """Return the view of a request, or None outside of one."""
    return (request.parser_context or {}).get("view")


def keep_view_private(request: Request) -> None:
    """Keep the response of the view out of shared caches."""
    view = view_of(request)
    if view is None:
        return
    finalize = view.finalize_response

    def finalized(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = finalize(*args, **kwargs)
        keep_private(response)
        return response

    # REST framework makes a view for each request.
    view.finalize_response = finalized


def set_handler(
    request: Request,
    protection: BearerProtection,
    answer: Callable[[], HttpResponse] | None = None,
) -> None:
    """Have the view of a request answer as a protection does, despite EXCEPTION_HANDLER.

    `answer` makes the response for a refusal that REST framework has no exception for.
    """
    view = view_of(request)
    if view is None:
        return
    handler = view.get_exception_handler()

    def handle(exc: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
        # Another exception may follow, as REST framework catches refusals to see what is allowed.
        is_refusal = isinstance(exc, _REFUSALS)
        if is_refusal and request.method == "OPTIONS":
            return protection.preflight(request._request)  # noqa: SLF001
        if is_refusal and answer is not None:
            return answer()
        response: HttpResponseBase | None = handler(exc, context)
        if is_refusal and response is not None:
            make_readable(request._request, response)  # noqa: SLF001
        return response

    # REST framework takes one header from an authentication class, and nothing else.
    view.get_exception_handler = lambda: handle


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Handle exceptions as REST framework does, and let scripts read refusals with a challenge.

    Name it in `EXCEPTION_HANDLER` for authentication classes without `BearerChallengeMixin`. A
    refused OPTIONS request gets the answer to a preflight.
    """
    response: HttpResponse | None = views.exception_handler(exc, context)
    if response is None or "WWW-Authenticate" not in response.headers:
        return response
    if context["request"].method == "OPTIONS":
        return refused_origin(context["request"]) or preflight_response()
    make_readable(context["request"], response)
    return response
