"""A project whose protected views are at other paths than its settings may say."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mcp_oauth_discovery.protection import bearer_required
from tests.doctor import healthy_urls


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<!doctype html><title>Home</title>")


@bearer_required(scope="mcp")
def mcp(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


OTHERS = [entry for entry in healthy_urls.urlpatterns if str(entry.pattern) != "mcp"]

urlpatterns = [path("", home), path("server/mcp", mcp), *OTHERS]
