"""Answers the discovery URLs before the rest of the middleware."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver

from mcp_oauth_discovery.discovery.card_entries import may_be_card
from mcp_oauth_discovery.discovery.publication import keys_of_every_request, ready_at_path
from mcp_oauth_discovery.discovery.responses import error_response, preflight_response
from mcp_oauth_discovery.signing.published import Copy, published_keys
from mcp_oauth_discovery.standards.identifiers import WELL_KNOWN
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)
from mcp_oauth_discovery.views import DiscoveryView, ServerCardView

__all__ = ["DiscoveryMiddleware"]

_PRM, _ASM, _JWKS = (
    re.escape(path.removeprefix(WELL_KNOWN))
    for path in (PROTECTED_RESOURCE, AUTHORIZATION_SERVER, JWKS)
)
# A discovery URL, or one with a longer path. Its client expects JSON, never a page.
_NEAR_MISS = re.compile(rf"/+\.well-known/+({_PRM}|{_ASM}|{_JWKS})(?![\w.-])")
# A misspelt discovery URL. A catch-all route of the project would answer it with a page.
_MISSPELT = re.compile(rf"//|[\x00-\x1F\x7F]|{_JWKS}/.|\A/+\.well-known/+[\w.-]+[^\w./-]")

SyncGetResponse = Callable[[HttpRequest], HttpResponseBase]
AsyncGetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class DiscoveryMiddleware:
    """Serve what the project's URLconf routes to a `DiscoveryView`, and pass on all else.

    Put it first. Then no CORS policy, session, login, locale or redirect can interfere.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: SyncGetResponse | AsyncGetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        get_response = cast(SyncGetResponse, self.get_response)
        if not _is_ours(request):
            return _preflight(request) or get_response(request)
        document = _ready(request) or _document(request)
        return document or _after_the_stack(request, get_response(request))

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        get_response = cast(AsyncGetResponse, self.get_response)
        if not _is_ours(request):
            return _preflight(request) or await get_response(request)
        ready = _ready(request, keys_of_every_request)
        if ready is not None:
            return ready
        # The views are synchronous, and a callable setting may query the database.
        document = await sync_to_async(_document)(request)
        if document is not None:
            return document
        response = await get_response(request)
        return await sync_to_async(_after_the_stack)(request, response)


def _ready(
    request: HttpRequest, warm_copy: Callable[[], Copy | None] = published_keys.warm
) -> HttpResponseBase | None:
    """Return the document that is kept for the path of a request, or None."""
    ready = ready_at_path(request, warm_copy)
    if ready is None:
        return None
    request.resolver_match, answer = ready
    return answer.response(request)


def _document(request: HttpRequest) -> HttpResponseBase | None:
    """Return the response of the discovery view at the path of a request, or None."""
    match = _match(request)
    view_class = getattr(match and match.func, "view_class", None)
    # Elsewhere, only cards go before the stack. Other views of the project may rely on it.
    expected = DiscoveryView if WELL_KNOWN in request.path_info else ServerCardView
    if match is None or view_class is None or not issubclass(view_class, expected):
        return None
    request.resolver_match = match
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _preflight(request: HttpRequest) -> HttpResponseBase | None:
    """Return the answer of a view that answers preflights itself, as the token endpoint does.

    Otherwise a CORS policy for the rest of the site would keep scripts of MCP clients out.
    """
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    match = _match(request)
    view_class = getattr(match and match.func, "view_class", None)
    if match is None or not getattr(view_class, "answers_preflight", False):
        return None
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _after_the_stack(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the response to a discovery URL that had no discovery view before the stack.

    A middleware may have set another URLconf. The document is then made again, because the rest
    of the stack may have changed the headers of its response.
    """
    document = _document(request)
    if document is not None:
        return document
    path = request.path_info
    if not _NEAR_MISS.match(path):
        return response
    if not _MISSPELT.search(path):
        is_answered = response.status_code < HTTPStatus.MULTIPLE_CHOICES
        if _match(request) is not None or (is_answered and request.method != "OPTIONS"):
            return response
    return _refusal(request, response.status_code)


def _match(request: HttpRequest) -> ResolverMatch | None:
    # As Django's handler does it. `resolve` would also use the URLconf of the thread.
    try:
        return get_resolver(getattr(request, "urlconf", None)).resolve(request.path_info)
    except Resolver404:
        return None


def _refusal(request: HttpRequest, status: int) -> HttpResponseBase:
    """Return a 404 as JSON, or the error that the stack answered with before the URLconf."""
    if request.method == "OPTIONS":
        return preflight_response(request)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return error_response(request, status, "server_error")
    if status == HTTPStatus.BAD_REQUEST:
        return error_response(request, status, "invalid_request")
    return error_response(request, HTTPStatus.NOT_FOUND, "not_found")


def _is_ours(request: HttpRequest) -> bool:
    """Return whether the path may be a discovery URL, without a look-up in the URLconf."""
    return WELL_KNOWN in request.path_info or may_be_card(request.path_info)
