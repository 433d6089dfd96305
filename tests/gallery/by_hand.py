"""A healthy MCP server written by hand with Starlette; an exhibit breaks it in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tests import ASM, JWKS, PRM
from tests.doctor.world import KEYS
from tests.gallery.exhibits import ASGI, Exhibit, show

PRM_PATH = f"{PRM}/mcp"
OPENID = "/.well-known/openid-configuration"
HTML = "<!doctype html><title>A page</title><div id=app></div>"
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]

Page = Callable[[Request], Response]
Plant = Callable[["Site"], Any]


class Site:
    """What is served at an origin; each attribute is there to be changed.

    `documents` are served as JSON with `headers`; `pages` answer a path in any other way.
    `layers` are wrapped around everything, the last one outermost.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.resource = f"{origin}/mcp"
        self.challenge = f'Bearer resource_metadata="{origin}{PRM_PATH}", scope="mcp"'
        self.prm: dict[str, Any] = {
            "resource": self.resource,
            "authorization_servers": [origin],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["mcp"],
        }
        self.server: dict[str, Any] = {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "registration_endpoint": f"{origin}/register",
            "jwks_uri": f"{origin}{JWKS}",
            "scopes_supported": ["mcp", "offline_access"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "client_id_metadata_document_supported": True,
            "authorization_response_iss_parameter_supported": True,
        }
        self.keys: dict[str, Any] = {"keys": [dict(key) for key in KEYS]}
        self.documents: dict[str, Any] = {
            PRM_PATH: self.prm,
            ASM: self.server,
            JWKS: self.keys,
        }
        self.headers = {"Cache-Control": "public, max-age=300"}
        self.pages: dict[str, Page] = {
            "/mcp": self.unauthorized,
            "/authorize": _bad_request,
            "/token": _bad_request,
            "/register": _bad_request,
        }
        self.cors: dict[str, Any] = {
            "allow_origins": ["*"],
            "allow_methods": ["*"],
            "allow_headers": ["*"],
            "expose_headers": ["WWW-Authenticate"],
        }
        self.layers: list[Callable[[ASGIApp], ASGIApp]] = []

    @property
    def openid(self) -> dict[str, Any]:
        """The metadata as OpenID wants it."""
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "EdDSA"]}
        return {**self.server, "subject_types_supported": ["public"], **algorithms}

    def unauthorized(self, request: Request) -> Response:
        challenge = self.challenge
        if "authorization" in request.headers:
            challenge = challenge.replace("Bearer ", 'Bearer error="invalid_token", ', 1)
        headers = {"WWW-Authenticate": challenge} if challenge else {}
        return JSONResponse({"error": "invalid_token"}, 401, headers)

    def answer(self, path: str, body: Any = b"", status: int = 200, **headers: str) -> None:
        """Answer a path with this and nothing else."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = lambda request: Response(body, status, told)

    def app(self) -> ASGIApp:
        routes = [Route(path, self._page(one), methods=_METHODS) for path, one in self._pages()]
        app: ASGIApp = Starlette(routes=routes)
        if self.cors:
            app = CORSMiddleware(app, **self.cors)
        for layer in self.layers:
            app = layer(app)
        return app

    def _pages(self) -> list[tuple[str, Page]]:
        documents = {path: self._document(one) for path, one in self.documents.items()}
        # Starlette takes the first that matches: what is for everything comes last.
        pages = {**documents, **self.pages}
        return sorted(pages.items(), key=lambda one: "{" in one[0])

    def _document(self, members: Any) -> Page:
        return lambda request: JSONResponse(members, headers=self.headers)

    @staticmethod
    def _page(page: Page) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return page(request)

        return endpoint


def broken(*codes: str, **options: Any) -> Callable[[Plant], Plant]:
    """Put a site on show that a function breaks; what is found there are the codes."""

    def add(plant: Plant) -> Plant:
        def build(origin: str) -> ASGIApp:
            site = Site(origin)
            plant(site)
            return site.app()

        show(Exhibit(plant.__name__, ASGI, build, codes, **options))
        return plant

    return add


def healthy(**options: Any) -> Callable[[Plant], Plant]:
    """Put a site on show that nothing is wrong with, whatever a function does to it."""
    return broken(**options)


def events() -> Response:
    """Return a stream without end, as MCP servers have it for GET."""

    async def stream() -> AsyncIterator[str]:
        while True:
            yield ": still here\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(stream(), media_type="text/event-stream")


def _bad_request(request: Request) -> Response:
    return JSONResponse({"error": "invalid_request"}, 400)
