"""Mistakes that mypy finds with the types of Django. If it misses one, an ignore has no use."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequest,
    Operation,
    bearer_required,
    scope_by_tool,
)
from mcp_oauth_discovery.verifiers import ApiKey

from .views import coroutine, plain, view


def takes_too_little(request: HttpRequest, token: str) -> dict[str, str]:
    return {}


def returns_too_little(request: HttpRequest, token: str, resource: str) -> str:
    return token


def scope_without_operation() -> str:
    return "mcp"


@bearer_required()
def without_claims(request: HttpRequest) -> JsonResponse:
    return JsonResponse(request.mcp_claims)  # type: ignore[attr-defined]


async def mistakes(request: BearerRequest, operation: Operation) -> None:
    view(request)  # type: ignore[call-arg]
    view(request, 7)  # type: ignore[arg-type]
    view(request, "ada", size="large")  # type: ignore[arg-type]
    await coroutine(request, name=7)  # type: ignore[arg-type]
    plain("request")  # type: ignore[arg-type]
    request.claims  # type: ignore[attr-defined]  # noqa: B018
    operation.method = "ping"  # type: ignore[misc]
    BearerProtection(verify=takes_too_little)  # type: ignore[arg-type]
    BearerProtection(verify=[returns_too_little])  # type: ignore[list-item]
    BearerProtection(scope=scope_without_operation)  # type: ignore[arg-type]
    BearerProtection(scope=7)  # type: ignore[arg-type]
    BearerProtection(public=7)  # type: ignore[arg-type]
    scope_by_tool({7: "mcp"})  # type: ignore[dict-item]
    ApiKey(lambda request: None)  # type: ignore[arg-type, misc]
