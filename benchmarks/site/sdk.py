"""The routes that the `mcp` SDK adds to the Starlette application of a server."""

from __future__ import annotations

from typing import Any, cast

from mcp.server.auth.routes import create_auth_routes, create_protected_resource_routes
from mcp.server.auth.settings import ClientRegistrationOptions
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

ISSUER = AnyHttpUrl("https://app.example.com")

application = Starlette(
    routes=[
        *create_auth_routes(
            # Only the endpoints use it, and none is requested.
            provider=cast(Any, None),
            issuer_url=ISSUER,
            client_registration_options=ClientRegistrationOptions(enabled=True),
        ),
        *create_protected_resource_routes(AnyHttpUrl(f"{ISSUER}mcp"), [ISSUER]),
    ]
)
