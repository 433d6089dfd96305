"""A project whose MCP endpoints refuse a POST, and do not come to an end with a GET."""

from __future__ import annotations

import asyncio
import itertools
import time

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.challenge import unauthorized

EVENTS = "text/event-stream"


def events():
    yield ": hello\n\n"
    time.sleep(3600)


async def later_events():
    yield ": hello\n\n"
    await asyncio.sleep(3600)


def octets():
    for _ in itertools.count():
        time.sleep(0.05)
        yield b" "


async def later_octets():
    yield b" "
    await asyncio.sleep(3600)


def stream(make, kind):
    def get(request):
        return StreamingHttpResponse(make(), content_type=kind)

    return get


def stuck(request):
    time.sleep(3600)


def endpoint(get):
    @csrf_exempt
    def view(request):
        return unauthorized(request) if request.method == "POST" else get(request)

    return view


def later_endpoint(get):
    @csrf_exempt
    async def view(request):
        if request.method == "POST":
            return unauthorized(request)
        await get()
        return HttpResponse()

    return view


async def waits():
    await asyncio.Event().wait()


async def blocks():
    time.sleep(3600)


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("events", endpoint(stream(events, EVENTS))),
    path("later-events", endpoint(stream(later_events, EVENTS))),
    path("octets", endpoint(stream(octets, "application/octet-stream"))),
    path("later-octets", endpoint(stream(later_octets, "application/octet-stream"))),
    path("stuck", endpoint(stuck)),
    path("waits", later_endpoint(waits)),
    path("blocks", later_endpoint(blocks)),
]
