"""One MCP endpoint, protected in each way, that accepts or requires DPoP: a path for each of them."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views import View
from django_mcpz.server import MCPServer
from ninja import NinjaAPI
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.challenge import tool_result_challenge
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
    bearer_required,
    protect,
)
from tests.dpop.proofs import CLIENT

JKT = {"jkt": CLIENT.thumbprint()}
# The claims of each token.
TOKENS = {
    "bound-token": {"scope": "mcp", "cnf": JKT},
    "bound-token-without-scope": {"cnf": JKT},
    "plain-token": {"scope": "mcp"},
    "certificate-token": {"scope": "mcp", "cnf": {"x5t#S256": "abc"}},
    "doubly-bound-token": {"scope": "mcp", "cnf": {**JKT, "x5t#S256": "abc"}},
    "null-bound-token": {"scope": "mcp", "cnf": None},
    "text-bound-token": {"scope": "mcp", "cnf": CLIENT.thumbprint()},
    "number-bound-token": {"scope": "mcp", "cnf": {"jkt": 7}},
    "empty-bound-token": {"scope": "mcp", "cnf": {}},
}


def verify(request, token, resource):
    try:
        return {"sub": "7", "aud": resource, **TOKENS[token]}
    except KeyError:
        raise InvalidToken("The token is unknown") from None


def read(request):
    return {"subject": request.mcp_claims["sub"]}


def views(dpop):
    """Return the views and the URLs of each way, by its name."""
    protection = BearerProtection("/mcp", scope="mcp", verify=verify, dpop=dpop)

    @bearer_required("/mcp", scope="mcp", verify=verify, dpop=dpop)
    def function(request):
        return JsonResponse(read(request))

    async def coroutine(request):
        return JsonResponse(read(request))

    class ClassBased(BearerRequiredMixin, View):
        def post(self, request):
            return JsonResponse(read(request))

    class AsyncClassBased(BearerRequiredMixin, View):
        async def post(self, request):
            return JsonResponse(read(request))

    class Authentication(BearerAuthentication):
        pass

    Authentication.protection = protection

    class Plain(APIView):
        authentication_classes = [Authentication]
        permission_classes = [HasScope]

        def post(self, request):
            return Response(read(request))

    class Mixed(BearerViewMixin, Plain):
        pass

    api = NinjaAPI(auth=BearerAuth(protection), urls_namespace=f"dpop-{dpop}")
    api.post("")(read)

    server = MCPServer(name="dpop", version="1.0", auth=protection)
    return {
        "function": function,
        "async": protect(coroutine, protection),
        "class": ClassBased.as_view(protection=protection),
        "async class": AsyncClassBased.as_view(protection=protection),
        "rest framework": Plain.as_view(),
        "rest framework, mixin": Mixed.as_view(),
        "ninja": bearer_urls(api),
        "django-mcpz": server,
        "django-mcpz, protect": protect(server, protection),
    }


WAYS = {dpop: views(dpop) for dpop in (None, "accept", "require")}
NAMES = [*WAYS["accept"]]


def own(status, challenge=None):
    """Return a view that answers with a status and a challenge of its own."""

    def view(request):
        headers = {} if challenge is None else {"WWW-Authenticate": challenge}
        return HttpResponse(status=status, headers=headers)

    return view


def tool(request):
    return JsonResponse(tool_result_challenge(request, "files", resource="/mcp"))


PROTECTIONS = {
    dpop: BearerProtection("/mcp", scope="mcp", verify=verify, dpop=dpop, public=["tools/list"])
    for dpop in WAYS
}
OWN = {
    "own-401": own(401),
    "own-403": own(403),
    "own-bearer-403": own(403, 'Bearer error="insufficient_scope", scope="files"'),
    "own-dpop-403": own(403, 'DPoP error="insufficient_scope", scope="files"'),
    "own-dpop-401": own(401, 'DPoP error="invalid_token", realm="x"'),
    "tool": tool,
}


def prefix(dpop, way):
    return f"/{dpop}/{way.replace(' ', '-').replace(',', '')}"


urlpatterns = [
    path(f"{prefix(dpop, way)}/mcp"[1:], view)
    for dpop, by_way in WAYS.items()
    for way, view in by_way.items()
]
urlpatterns += [
    path(f"{prefix(dpop, name)}/mcp"[1:], protect(view, protection))
    for dpop, protection in PROTECTIONS.items()
    for name, view in OWN.items()
]
