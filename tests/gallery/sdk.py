"""The routes of the `mcp` SDK, as its users mount them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from mcp.server import MCPServer
from mcp.server.auth.provider import OAuthAuthorizationServerProvider
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from tests.gallery.exhibits import ASGI, Exhibit, show

Build = Callable[[str], ASGIApp]
# Its challenges have an error before any token was sent, and no scope; no client minds.
OF_CHALLENGES = ("challenge-error", "challenge-scope-missing")
# Its own authorization server is one of the revision before 2026-07-28.
OF_THE_SERVER = ("as-registration-alone", "as-iss-not-announced")


class Provider:
    """An authorization server that nobody gets as far as."""

    async def load_access_token(self, token: str) -> None:
        """Know no token."""

    verify_token = load_access_token


def server(issuer: str, resource: str, **options: Any) -> Starlette:
    """Return the application of a server that is its own authorization server."""
    auth = AuthSettings(
        issuer_url=cast(Any, issuer),
        resource_server_url=cast(Any, resource),
        validate_token_resource=True,
        required_scopes=["mcp"],
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["mcp"]),
    )
    provider = cast("OAuthAuthorizationServerProvider[Any, Any, Any]", Provider())
    made = MCPServer("gallery", auth=auth, auth_server_provider=provider, log_level="CRITICAL")
    return made.streamable_http_app(**options)


def open_to_pages(app: Starlette) -> Starlette:
    """Add what browsers need, as the documentation of the SDK has it."""
    exposed = ["Mcp-Session-Id", "WWW-Authenticate"]
    every: dict[str, Any] = {f"allow_{one}": ["*"] for one in ("origins", "methods", "headers")}
    app.add_middleware(CORSMiddleware, expose_headers=exposed, **every)
    return app


def on_show(*codes: str, **options: Any) -> Callable[[Build], Build]:
    """Put an application on show."""

    def add(build: Build) -> Build:
        show(Exhibit(build.__name__, ASGI, build, codes, **options))
        return build

    return add


@on_show(remarks=(*OF_CHALLENGES, *OF_THE_SERVER))
def sdk_as_it_is_documented(origin: str) -> ASGIApp:
    return open_to_pages(server(origin, f"{origin}/mcp"))


@on_show(remarks=OF_CHALLENGES)
def sdk_of_an_outside_server(origin: str) -> ASGIApp:
    auth = AuthSettings(
        issuer_url=cast(Any, "https://outside-server.example.com"),
        resource_server_url=cast(Any, f"{origin}/mcp"),
        validate_token_resource=True,
        required_scopes=["mcp"],
    )
    verifier = cast(Any, Provider())
    made = MCPServer("gallery", auth=auth, token_verifier=verifier, log_level="CRITICAL")
    return open_to_pages(made.streamable_http_app())


@on_show("cors-endpoint-preflight", remarks=(*OF_CHALLENGES, *OF_THE_SERVER))
def sdk_without_cors(origin: str) -> ASGIApp:
    return server(origin, f"{origin}/mcp")


@on_show("redirect-slash", "prm-not-found", remarks=("challenge-error",))
def sdk_mounted_at_its_own_path(origin: str) -> ASGIApp:
    app = server(origin, f"{origin}/mcp", streamable_http_path="/")
    mount = Mount("/mcp", open_to_pages(app))
    return Starlette(routes=[mount], lifespan=lambda _: app.router.lifespan_context(app))


@on_show("endpoint-open")
def sdk_without_authentication(origin: str) -> ASGIApp:
    made = MCPServer("gallery", log_level="CRITICAL")
    return open_to_pages(made.streamable_http_app(stateless_http=True))
