"""Two MCP servers: `/mcp` acts for the user, and `/reports/mcp` only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_mcpz.server import MCPServer
from oauth2_provider.models import get_access_token_model, get_application_model

from mcp_oauth_discovery.challenge import unauthorized
from mcp_oauth_discovery.contrib.oauth_toolkit import verify_token
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection import BearerProtection, find_user, protect, scope_by_tool

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
    return None if hasattr(request, "mcp_claims") else unauthorized(request)


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


reports = MCPServer(name="reports", title="Reports", version="1.0", auth=signed_in)


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
# resource, it must be neither expired nor revoked, and belong to an active user. A call of one of
# these tools needs the scope of the tool; everything else needs `mcp`. `repeat_granted` is for
# clients older than MCP 2026-07-28, which would lose the scopes that a 403 does not name.
people_view, reports_view = (
    protect(
        server,
        BearerProtection(
            resource,
            scope,
            verify_token,
            find_user,
            repeat_granted=True,
            dpop=getattr(settings, "DPOP", None),
        ),
    )
    for resource, server, scope in (
        ("/mcp", people, scope_by_tool({"set_first_name": "profile:write"}, otherwise="mcp")),
        (
            "/reports/mcp",
            reports,
            scope_by_tool({"count_clients": "reports", "list_keys": "reports"}, otherwise="mcp"),
        ),
    )
)
