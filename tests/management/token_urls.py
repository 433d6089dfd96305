"""A project with protected views of every kind, at the paths that name their verifiers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

from mcp_oauth_discovery.protection import (
    InvalidToken,
    NotMine,
    Unavailable,
    bearer_required,
    find_user,
    scope_by_tool,
    verify_token,
)
from mcp_oauth_discovery.verifiers import ApiKey


def page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("secret")


def keys(request: HttpRequest, key: str) -> dict[str, object] | None:
    return {"sub": "7", "scope": "mcp"} if key == "key-of-ada-lovelace" else None


def foreign(request: HttpRequest, token: str, resource: str) -> dict[str, object]:
    raise NotMine


def slow(request: HttpRequest, token: str, resource: str) -> dict[str, object]:
    raise Unavailable(f"No answer about {token}")


def broken(request: HttpRequest, token: str, resource: str) -> dict[str, object]:
    raise ZeroDivisionError(token)


def strict(request: HttpRequest, token: str, resource: str) -> dict[str, object]:
    raise InvalidToken(f"The token {token} is bad.", reason="strict", received={"jti": token})


async def bound(request: HttpRequest, token: str, resource: str) -> dict[str, object]:
    return {"sub": "7", "cnf": {"jkt": "x"}}


def no_users(request: HttpRequest, claims: object) -> None:
    raise LookupError("no users")


class Remote:
    issuer = "https://login.example.com"

    def __call__(self, request: HttpRequest, token: str, resource: str) -> dict[str, object]:
        raise NotMine


by_tool = scope_by_tool({"delete": "files:write", "read": "files:read"}, otherwise="mcp")

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("mcp", bearer_required("/mcp", scope="mcp", user=find_user)(page)),
    path("plain", bearer_required("/plain")(page)),
    path("tools", bearer_required("/tools", scope=by_tool)(page)),
    path("own", bearer_required("/own", scope=lambda operation: "mcp")(page)),
    path("list", bearer_required("/list", verify=[ApiKey(keys, "key-"), verify_token, slow])(page)),
    path("none", bearer_required("/none", verify=[foreign, Remote()])(page)),
    path("slow", bearer_required("/slow", verify=slow)(page)),
    path("broken", bearer_required("/broken", verify=broken)(page)),
    path("strict", bearer_required("/strict", verify=strict)(page)),
    path("bound", bearer_required("/bound", verify=bound)(page)),
    path("proofs", bearer_required("/proofs", dpop="accept")(page)),
    path("strict-proofs", bearer_required("/strict-proofs", dpop="require")(page)),
    path("users", bearer_required("/users", user=no_users)(page)),
    path("off", bearer_required("/off")(page)),
    path("unknown", bearer_required("/nowhere")(page)),
    re_path(r"^any/(?P<name>\w+)$", bearer_required()(page)),
    path("é", bearer_required()(page)),
]
