"""Two MCP servers: one that acts for the user at `/mcp`, one that only reads at `/reports/mcp`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, cast

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_mcpz.server import MCPServer
from oauth2_provider.models import get_access_token_model, get_application_model

from mcp_oauth_discovery.challenge import insufficient_scope, unauthorized
from mcp_oauth_discovery.contrib.oauth_toolkit import verify_token
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection import BearerProtection, find_user, granted_scope, protect

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


class Person(msgspec.Struct):
    username: str
    first_name: str


class Name(msgspec.Struct):
    first_name: Annotated[str, msgspec.Meta(max_length=150, pattern=r"^[^\0]*$")]


class Clients(msgspec.Struct):
    registered: int
    with_tokens: int


class Key(msgspec.Struct):
    kid: str
    algorithm: str
    state: str


class Keys(msgspec.Struct):
    keys: list[Key]


def signed_in(request: HttpRequest) -> HttpResponse | None:
    """Refuse requests that did not pass through a view below, if a server itself is routed."""
    if not hasattr(request, "mcp_claims"):
        return unauthorized(request)
    try:
        message(request)
    except RecursionError:
        error = {"code": -32700, "message": "The message is nested too deeply"}
        return JsonResponse({"jsonrpc": "2.0", "id": None, "error": error}, status=400)
    return None


def message(request: HttpRequest) -> object:
    # Parse as the server does, so that both understand the message in the same way.
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(request.body)
    return None


people = MCPServer(name="people", title="People", version="1.0", auth=signed_in)


def _user(request: HttpRequest) -> AbstractUser:
    """Return the user of the token, which `auth` has checked."""
    return cast("AbstractUser", request.user)


@people.tool(description="Return the name of the user.", read_only=True)
def whoami(request: HttpRequest) -> Person:
    return Person(_user(request).get_username(), _user(request).first_name)


@people.tool(description="Set the first name of the user.", idempotent=True)
def set_first_name(request: HttpRequest, params: Name) -> Person:
    user = _user(request)
    user.first_name = params.first_name
    user.save(update_fields=["first_name"])
    return Person(user.get_username(), user.first_name)


def may_read(request: HttpRequest) -> HttpResponse | None:
    """Allow clients to connect with the scope `mcp`; calling a tool requires `reports` too."""
    refusal = signed_in(request)
    if refusal is None and calls_a_tool(request) and not has_scope(request, "reports"):
        return insufficient_scope(request, ["mcp", "reports"])
    return refusal


def has_scope(request: HttpRequest, scope: str) -> bool:
    return scope in granted_scope(getattr(request, "mcp_claims", {}))


def calls_a_tool(request: HttpRequest) -> bool:
    call = message(request)
    return isinstance(call, dict) and call.get("method") == "tools/call"


reports = MCPServer(name="reports", title="Reports", version="1.0", auth=may_read)


@reports.tool(description="Count the clients of this site.", read_only=True)
def count_clients(request: HttpRequest) -> Clients:
    clients = get_application_model().objects
    tokens = get_access_token_model().objects.filter(user__isnull=False)
    return Clients(clients.count(), tokens.values("application").distinct().count())


@reports.tool(description="List the signing keys that are published now.", read_only=True)
def list_keys(request: HttpRequest) -> Keys:
    keys = SigningKey.objects.published()
    return Keys([Key(key.kid, key.algorithm, key.state().value) for key in keys])


# A request must have exactly one token, in the header. This site must have signed it for this
# resource, it must be neither expired nor revoked, have the scope, and belong to an active user.
people_view, reports_view = (
    protect(server, BearerProtection(resource, "mcp", verify_token, find_user))
    for resource, server in (("/mcp", people), ("/reports/mcp", reports))
)
