"""A project that has all that MCP clients ask for: the documents, an endpoint, OAuth endpoints."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.challenge import unauthorized
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from mcp_oauth_discovery.standards.authorization import read_bearer


@csrf_exempt
def endpoint(request: HttpRequest) -> HttpResponse:
    token = read_bearer(request.headers.get("Authorization", ""))
    try:
        if token and verify_jwt(token, audience=request.build_absolute_uri()):
            return JsonResponse({"jsonrpc": "2.0"}, status=400)
    except (InvalidToken, ImproperlyConfigured):
        pass
    response = unauthorized(request)
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
def oauth(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"error": "invalid_request"}, status=400)


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("mcp", endpoint),
    path("oauth/mcp/authorize", oauth),
    path("oauth/mcp/token", oauth),
    path("oauth/mcp/register", oauth),
]
