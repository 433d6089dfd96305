"""An endpoint of a project without this package."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def unauthorized(request: HttpRequest) -> JsonResponse:
    """Send the challenge that leads to the metadata of the endpoint."""
    url = request.build_absolute_uri("/.well-known/oauth-protected-resource/mcp")
    error = 'error="invalid_token", ' if "Authorization" in request.headers else ""
    challenge = {"WWW-Authenticate": f'Bearer {error}resource_metadata="{url}"'}
    return JsonResponse({"error": "invalid_token"}, status=401, headers=challenge)
