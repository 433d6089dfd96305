"""The documents, and an endpoint that refuses."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path

from mcp_oauth_discovery.protection import bearer_required


@bearer_required("/mcp", scope="mcp", verify=lambda *arguments: {"sub": "1", "scope": "mcp"})
def mcp(request):
    return HttpResponse("let in")


urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("mcp", mcp)]
