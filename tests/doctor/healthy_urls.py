"""A project that has all that MCP clients ask for: the documents, an endpoint, OAuth endpoints."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.challenge import unauthorized


@csrf_exempt
def endpoint(request: HttpRequest) -> HttpResponse:
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
