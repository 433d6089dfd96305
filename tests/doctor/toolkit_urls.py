"""The project of `healthy_urls` with an endpoint that accepts the JWTs of the toolkit alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.protection import bearer_required
from tests.doctor import healthy_urls


@bearer_required("/mcp", scope="mcp", verify=oauth_toolkit.verify_token)
def endpoint(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("mcp", endpoint), *healthy_urls.urlpatterns]
