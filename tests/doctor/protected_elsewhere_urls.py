"""A project with a view for the resource /mcp at another path."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mcp_oauth_discovery.protection import bearer_required
from tests.doctor.elsewhere_urls import OTHERS


@bearer_required("/mcp")
def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("more/mcp", view), *OTHERS]
