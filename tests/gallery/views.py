"""Views of the Django projects; imported once the apps of a project are loaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.challenge import unauthorized
from mcp_oauth_discovery.protection import BearerProtection, protect
from tests.gallery import bare_views

# Shown here under the name that the exhibits know.
by_hand = bare_views.unauthorized

PAGE = "<!doctype html><title>A page</title><div id=app></div>"


def nothing(request: HttpRequest) -> HttpResponse:
    """Answer whoever has a token; in the gallery nobody has."""
    return HttpResponse(status=204)


endpoint = protect(nothing, BearerProtection())


@csrf_exempt
async def open_events(request: HttpRequest) -> HttpResponseBase:
    """Stream events to whoever asks, and want a token for a POST alone."""

    async def stream() -> AsyncIterator[str]:
        while True:
            yield ": still here\n\n"
            await asyncio.sleep(0.1)

    if request.method == "POST":
        return unauthorized(request)
    return StreamingHttpResponse(stream(), content_type="text/event-stream")


def csrf_protected(request: HttpRequest) -> HttpResponse:
    """Be an endpoint that nobody has exempted."""
    return unauthorized(request)


@csrf_exempt
def behind_a_login(request: HttpRequest) -> HttpResponse:
    """Be an endpoint that LoginRequiredMiddleware stands before."""
    return unauthorized(request)


@csrf_exempt
def page(request: HttpRequest) -> HttpResponse:
    """Give everybody the page that loads the front end."""
    return HttpResponse(PAGE)


@login_not_required
@csrf_exempt
def bad_request(request: HttpRequest) -> JsonResponse:
    """Say what an endpoint of OAuth says of a request without parameters."""
    return JsonResponse({"error": "invalid_request"}, status=400)


@login_not_required
def login(request: HttpRequest) -> HttpResponse:
    """Be the page that asks for a password."""
    return HttpResponse(PAGE)


def document_by_hand(request: HttpRequest) -> JsonResponse:
    """Be a document for which `login_not_required` was forgotten."""
    return JsonResponse({"resource": request.build_absolute_uri("/mcp")})


def remember(get_response: Callable[[HttpRequest], HttpResponse]):
    """Write into the session of everybody, as a middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.session["seen"] = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
