"""The documents, and an endpoint that refuses."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required


def verify(request, token, resource):
    """Stand in for the verifier of the other site: a JWT is good if it has a signature."""
    _, _, signature = token.rpartition(".")
    return {"sub": "1", "scope": "mcp"} if "." in token and signature else None


@bearer_required("/mcp", scope="mcp", verify=verify)
def mcp(request):
    return HttpResponse("let in")


urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("mcp", mcp)]
