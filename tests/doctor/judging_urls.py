"""A project with endpoints that judge tokens: good ones, and one for each rule that is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.challenge import insufficient_scope, unauthorized
from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import (
    BearerProtection,
    InvalidToken,
    NotMine,
    bearer_required,
    find_user,
    scope_by_tool,
    verify_token,
)
from mcp_oauth_discovery.signing import verify_jwt
from mcp_oauth_discovery.standards.authorization import read_bearer
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.doctor import healthy_urls


def parse(request: HttpRequest) -> HttpResponse:
    """Refuse the empty body, as an MCP server does once the token is good."""
    return JsonResponse({"jsonrpc": "2.0", "error": {"code": -32700}}, status=400)


def seen(request: HttpRequest) -> HttpResponse:
    """Write down who was there."""
    get_user_model().objects.create_user(f"seen-{request.mcp_claims['sub']}")
    return parse(request)


class Framework(BearerViewMixin, APIView):
    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    required_scope = "mcp"

    def post(self, request: Any) -> Response:
        return Response({"jsonrpc": "2.0"}, status=400)


api = NinjaAPI(
    auth=BearerAuth(BearerProtection("/ninja", scope="mcp")),
    urls_namespace="judging",
    docs_url=None,
)


@api.post("ninja")
def operation(request: HttpRequest) -> dict[str, str]:
    return {"jsonrpc": "2.0"}


def opaque(request: HttpRequest, token: str, resource: str) -> dict[str, str]:
    if token != "opaque-token-of-ada-lovelace":
        raise NotMine
    return {"sub": "ada"}


Judge = Callable[[HttpRequest, str], Any]


def own(judge: Judge) -> Any:
    """Return an endpoint of the project's own code; what a function returns is the answer."""

    @csrf_exempt
    def endpoint(request: HttpRequest) -> HttpResponse:
        token = read_bearer(request.headers.get("Authorization", ""))
        try:
            if token is not None:
                return judge(request, token) or parse(request)
        except InvalidToken:
            pass
        return unauthorized(request, scope="mcp")

    return endpoint


def anything(request: HttpRequest, token: str) -> None:
    """Take any token for a good one."""


def without_signature(request: HttpRequest, token: str) -> None:
    """Read the claims, and verify no signature."""
    claims = read_parts(token).claims or {}
    if claims.get("aud") != request.build_absolute_uri() or claims["exp"] < time.time():
        raise InvalidToken


def without(*rules: str) -> Judge:
    """Verify the signature, and leave a rule out."""

    def judge(request: HttpRequest, token: str) -> None:
        parts = read_parts(token)
        audience = request.build_absolute_uri()
        now = None
        if parts.claims and "aud" in rules:
            audience = parts.claims["aud"]
        if parts.claims and "exp" in rules:
            now = datetime.fromtimestamp(parts.claims["iat"], timezone.utc)
        typ = (parts.header or {}).get("typ", "at+jwt") if "typ" in rules else "at+jwt"
        verify_jwt(token, audience=audience, typ=typ, now=now)

    return judge


def forbidding(request: HttpRequest, token: str) -> Any:
    try:
        verify_jwt(token, audience=request.build_absolute_uri())
    except InvalidToken:
        return HttpResponse(status=403)


def failing(request: HttpRequest, token: str) -> Any:
    json.loads(token)


def scoped(answer: Callable[[HttpRequest], HttpResponse]) -> Judge:
    def judge(request: HttpRequest, token: str) -> Any:
        claims = verify_jwt(token, audience=request.build_absolute_uri())
        return None if "scope" in claims else answer(request)

    return judge


@csrf_exempt
def in_query(request: HttpRequest) -> HttpResponse:
    if "access_token" in request.GET:
        return parse(request)
    return unauthorized(request)


VIEWS = {
    "strict": bearer_required("/strict", scope="mcp")(parse),
    "user": bearer_required("/user", user=find_user)(parse),
    "seen": bearer_required("/seen")(seen),
    "opaque": bearer_required("/opaque", verify=[opaque, verify_token])(parse),
    "foreign": bearer_required("/foreign", verify=opaque)(parse),
    "tools": bearer_required(
        "/tools", scope=scope_by_tool({"delete": "files:write"}, otherwise="files:read")
    )(parse),
    "framework": csrf_exempt(Framework.as_view()),
    "blind": own(lambda request, token: unauthorized(request, scope="mcp")),
    "anything": own(anything),
    "unsigned": own(without_signature),
    "audience": own(without("aud")),
    "expiry": own(without("exp")),
    "type": own(without("typ")),
    "all": own(without("aud", "exp", "typ")),
    "forbidding": own(forbidding),
    "failing": own(failing),
    "query": in_query,
    "scoped": own(scoped(lambda request: insufficient_scope(request, "mcp"))),
    "circling": own(scoped(lambda request: unauthorized(request, scope="mcp"))),
    "final": own(scoped(lambda request: HttpResponse(status=403))),
}

urlpatterns = [
    *[path(name, view) for name, view in VIEWS.items()],
    path("", bearer_urls(api)),
    *healthy_urls.urlpatterns,
]
