"""One MCP endpoint, protected in each way: a URLconf with a path for each of them.

A token is its scopes, joined with dots. Some tokens have a meaning of their own: see `verify`.
"""

from __future__ import annotations

import json

from django.http import JsonResponse
from django.urls import path
from django.views import View
from django_mcpz.server import MCPServer
from ninja import NinjaAPI
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequiredMixin,
    InvalidToken,
    Unavailable,
    protect,
    scope_by_tool,
)


def verify(request, token, resource):
    if token == "unavailable":
        raise Unavailable("login.example.com does not answer", retry_after=7)
    if token == "wrong":
        expected, received = {"aud": resource}, {"aud": f"https://evil.example.com/\n{token}"}
        raise InvalidToken(
            "Not that one", reason="wrong_audience", expected=expected, received=received
        )
    claims = {"sub": "7", "scope": token.replace(".", " ")}
    return {**claims, "cnf": {"jkt": "…"}} if token == "bound" else claims


PROTECTION = BearerProtection(
    "/mcp",
    scope=scope_by_tool(
        {"write": "files-write", "wipe": ["files-write", "admin"]}, otherwise="mcp"
    ),
    verify=verify,
    public=["initialize", "tools/list"],
)


def read(request):
    """Return what the view could read: the claims, and the body once more."""
    return {"claims": dict(request.mcp_claims), "read": len(request.body)}


@lambda view: protect(view, PROTECTION)
def sync(request):
    return JsonResponse(read(request))


@lambda view: protect(view, PROTECTION)
async def coroutine(request):
    return JsonResponse(read(request))


class ClassBased(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request):
        return JsonResponse(read(request))


class AsyncClassBased(BearerRequiredMixin, View):
    protection = PROTECTION

    async def post(self, request):
        return JsonResponse(read(request))


class Authentication(BearerAuthentication):
    protection = PROTECTION


class Plain(APIView):
    """A view without the mixin."""

    authentication_classes = [Authentication]
    permission_classes = [HasScope]

    def post(self, request):
        return Response({"claims": request.auth or {}, "read": len(json.dumps(request.data))})


class Mixed(BearerViewMixin, Plain):
    pass


api = NinjaAPI(auth=BearerAuth(PROTECTION), urls_namespace="ways")


@api.post("")
def ninja(request):
    return read(request)


server = MCPServer(name="ways", version="1.0", auth=PROTECTION)


@server.tool(description="Read.")
def fetch(request) -> str:
    return "read"


@server.tool(description="Write.")
def write(request) -> str:
    return "written"


VIEWS = {
    "sync": sync,
    "async": coroutine,
    "class": ClassBased.as_view(),
    "async class": AsyncClassBased.as_view(),
    "rest framework": Plain.as_view(),
    "rest framework, mixin": Mixed.as_view(),
    "django-mcpz": server,
    "django-mcpz, protect": protect(server, server.auth),
}
WAYS = [*VIEWS, "ninja"]


def url(way):
    return f"/{way.replace(' ', '-').replace(',', '')}/mcp"


urlpatterns = [path(url(way)[1:], view) for way, view in VIEWS.items()]
urlpatterns.append(path(url("ninja")[1:], bearer_urls(api)))
