"""The project of `healthy_urls` with a protected endpoint, which checks `Origin`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mcp_oauth_discovery.protection import bearer_required
from tests.doctor import healthy_urls


@bearer_required("/mcp", scope="mcp")
def endpoint(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("mcp", endpoint), *healthy_urls.urlpatterns]
