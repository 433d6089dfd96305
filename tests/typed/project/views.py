"""Protected views of each kind, which keep their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views import View
from typing_extensions import assert_type

from mcp_oauth_discovery.challenge import (
    bearer_challenge,
    insufficient_scope,
    resource_metadata_url,
    tool_result_challenge,
    unauthorized,
)
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequest,
    BearerRequiredMixin,
    Claims,
    Operation,
    bearer_required,
    complete,
    find_user,
    granted_scope,
    protect,
    scope_by_tool,
)

from .verifiers import ALL, BY_KEY, verify_elsewhere, verify_session


def scope_of(operation: Operation) -> Iterable[str]:
    """The scope as a callable."""
    assert_type(operation.request, HttpRequest)
    assert_type(operation.method, str | None)
    assert_type(operation.name, str | None)
    return ["mcp", "admin"] if operation.params.get("force") else "mcp"


def is_public(operation: Operation) -> bool:
    return operation.method == "initialize"


def user_of(request: HttpRequest, claims: Claims) -> AbstractBaseUser | None:
    return find_user(request, claims)


BY_TOOL = scope_by_tool({"delete_file": "files:write", "read": ["files"]}, otherwise="mcp")
PROTECTION = BearerProtection("/mcp", scope=BY_TOOL, verify=ALL, user=find_user)
PUBLIC = BearerProtection(scope=scope_of, verify=BY_KEY, user=user_of, public=["initialize"])
MIXED = BearerProtection(scope="mcp", public=is_public, repeat_granted=True)


@bearer_required("/mcp", scope=scope_of, verify=[verify_session, BY_KEY], public=is_public)
def view(request: BearerRequest, name: str, *, size: int = 1) -> JsonResponse:
    assert_type(request.mcp_claims, Claims)
    return JsonResponse({"name": name, "size": size, "sub": request.mcp_claims["sub"]})


@bearer_required(scope=BY_TOOL, verify=verify_elsewhere, public=("ping", "tools/list"))
async def coroutine(request: BearerRequest, name: str) -> JsonResponse:
    return JsonResponse({"name": name, "scope": sorted(granted_scope(request.mcp_claims))})


@bearer_required("/mcp", scope=["mcp"], user=find_user, repeat_granted=True)
def plain(request: HttpRequest) -> HttpResponse:
    return insufficient_scope(request, "files:write", granted=["mcp"])


class MCPView(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request: BearerRequest) -> JsonResponse:
        if "files:write" in assert_type(granted_scope(request.mcp_claims), set[str]):
            return JsonResponse({})
        return JsonResponse({"result": tool_result_challenge(request, "files:write")})


class AsyncMCPView(BearerRequiredMixin, View):
    protection = MIXED

    async def post(self, request: BearerRequest) -> JsonResponse:
        return unauthorized(request, resource="/mcp", scope="mcp")


class Server:
    def __call__(self, request: HttpRequest) -> JsonResponse:
        url = assert_type(resource_metadata_url(request), str)
        return JsonResponse({"url": url, "challenge": bearer_challenge(request, scope="mcp")})


server = protect(Server(), PUBLIC)
completed = complete(Server(), PUBLIC)


def check_by_hand(request: HttpRequest) -> HttpResponse:
    """A refusal is compared with None."""
    refusal = assert_type(PUBLIC(request), HttpResponse | None)
    return HttpResponse() if refusal is None else refusal


async def acheck_by_hand(request: HttpRequest) -> HttpResponse:
    refusal = assert_type(await PUBLIC.acheck(request), HttpResponse | None)
    return HttpResponse() if refusal is None else refusal


async def calls(request: BearerRequest) -> None:
    """The types of what the decorators return."""
    assert_type(view(request, "ada", size=2), JsonResponse)
    assert_type(await coroutine(request, name="ada"), JsonResponse)
    assert_type(plain(request), HttpResponse)
    assert_type(server(request), JsonResponse)
    assert_type(completed(request), JsonResponse)
    assert_type(MCPView.as_view(), Callable[..., HttpResponseBase])
    assert_type(AsyncMCPView.as_view(), Callable[..., HttpResponseBase])
    assert_type(BY_TOOL(Operation(request, "tools/call", "read")), tuple[str, ...])
    assert_type(insufficient_scope(request, ["mcp"]), JsonResponse)
    assert_type(unauthorized(request), JsonResponse)
    assert_type(bearer_challenge(request), str)
    assert_type(tool_result_challenge(request), dict[str, Any])
    assert_type(find_user(request, request.mcp_claims), AbstractBaseUser | None)
