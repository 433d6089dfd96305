"""Answers the discovery URLs before the rest of the middleware stack sees them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from mcp_oauth_discovery.responses import error_response, preflight_response
from mcp_oauth_discovery.views import DiscoveryView

# A discovery URL with too much in it, which nobody routes: the client behind it wants JSON as well.
_NEAR_MISS = re.compile(
    r"/+\.well-known/+(oauth-protected-resource|oauth-authorization-server|jwks\.json)(?![\w.-])"
)
# The same, spelt as no application means it. A route for all that is left would answer with a page.
_MISSPELT = re.compile(r"//|[\x00-\x1F\x7F]|jwks\.json/.")

SyncGetResponse = Callable[[HttpRequest], HttpResponseBase]
AsyncGetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class DiscoveryMiddleware:
    """Serve what the project's URLconf routes to a `DiscoveryView`; pass on everything else.

    Put it first: then no CORS policy, session, login, locale or redirect stands in the way.
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
        answer = self._answer(request)
        return cast(SyncGetResponse, self.get_response)(request) if answer is None else answer

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        # The views are synchronous, and a callable setting may well ask the database.
        answer = await sync_to_async(self._answer)(request) if _is_ours(request) else None
        if answer is None:
            return await cast(AsyncGetResponse, self.get_response)(request)
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponseBase | None:
        if not _is_ours(request):
            return None
        path = request.path_info
        is_near_miss = _NEAR_MISS.match(path) is not None
        try:
            match = resolve(path, getattr(request, "urlconf", None))
        except Resolver404:
            return _not_found(request) if is_near_miss else None
        view_class = getattr(match.func, "view_class", None)
        if view_class is None or not issubclass(view_class, DiscoveryView):
            return _not_found(request) if is_near_miss and _MISSPELT.search(path) else None
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response


def _not_found(request: HttpRequest) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return preflight_response(request)
    return error_response(request, HTTPStatus.NOT_FOUND, "not_found")


def _is_ours(request: HttpRequest) -> bool:
    """Say whether the path may be one of the discovery URLs, before it costs a look-up."""
    return "/.well-known/" in request.path_info
