"""Protected views keep their types. Where they are lost, mypy finds an ignore without a need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views import View
from typing_extensions import assert_type

from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequest,
    BearerRequiredMixin,
    bearer_required,
    complete,
    protect,
)

PROTECTION = BearerProtection("/mcp", scope="mcp", repeat_granted=True)


@bearer_required("/mcp")
def view(request: BearerRequest, name: str, *, size: int = 1) -> JsonResponse:
    assert_type(request.mcp_claims, Mapping[str, Any])
    request.claims  # type: ignore[attr-defined]  # noqa: B018
    return JsonResponse({"hello": name, "size": size})


@bearer_required("/mcp", scope=["mcp"], repeat_granted=True)
async def coroutine(request: BearerRequest, name: str) -> JsonResponse:
    return JsonResponse({"hello": request.mcp_claims["sub"], "name": name})


@bearer_required()
def plain(request: HttpRequest) -> HttpResponse:
    request.mcp_claims  # type: ignore[attr-defined]  # noqa: B018
    return HttpResponse()


class MCPView(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request: BearerRequest) -> JsonResponse:
        return JsonResponse({"hello": request.mcp_claims["sub"]})


class Server:
    def __call__(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({})


async def calls(request: BearerRequest) -> None:
    assert_type(view(request, "ada"), JsonResponse)
    assert_type(view(request, name="ada", size=2), JsonResponse)
    view(request)  # type: ignore[call-arg]
    view(request, 7)  # type: ignore[arg-type]
    view(request, "ada", size="large")  # type: ignore[arg-type]
    assert_type(await coroutine(request, "ada"), JsonResponse)
    await coroutine(request, name=7)  # type: ignore[arg-type]
    assert_type(plain(request), HttpResponse)
    assert_type(protect(Server(), PROTECTION)(request), JsonResponse)
    assert_type(complete(Server(), PROTECTION)(request), JsonResponse)
    assert_type(PROTECTION(request), HttpResponse | None)


urlpatterns = [
    path("view/<name>", view),
    path("coroutine/<name>", coroutine),
    path("plain", plain),
    path("class", MCPView.as_view()),
    path("server", protect(Server(), PROTECTION)),
]
