"""Views of the Django projects; imported once the apps of a project are loaded."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.challenge import unauthorized
from mcp_oauth_discovery.protection import BearerProtection, protect


def nothing(request: HttpRequest) -> HttpResponse:
    """Answer whoever has a token; in the gallery nobody has."""
    return HttpResponse(status=204)


endpoint = protect(nothing, BearerProtection())


def csrf_protected(request: HttpRequest) -> HttpResponse:
    """Be an endpoint that nobody has exempted."""
    return unauthorized(request)


@csrf_exempt
def behind_a_login(request: HttpRequest) -> HttpResponse:
    """Be an endpoint that LoginRequiredMiddleware stands before."""
    return unauthorized(request)


@login_not_required
@csrf_exempt
def bad_request(request: HttpRequest) -> JsonResponse:
    """Say what an endpoint of OAuth says of a request without parameters."""
    return JsonResponse({"error": "invalid_request"}, status=400)


def remember(get_response: Callable[[HttpRequest], HttpResponse]):
    """Write into the session of everybody after the answer, as a middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        request.session["seen"] = True  # type: ignore[attr-defined]
        return response

    return middleware
