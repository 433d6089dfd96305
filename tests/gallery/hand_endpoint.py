"""MCP endpoints that say something else than 401, and challenges that lead nowhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.gallery.by_hand import PRM_PATH, Site, broken, events


@broken("endpoint-parses-first")
def body_is_read_before_the_token(site: Site) -> None:
    def parse(request: Request) -> Response:
        if request.method == "POST":
            return JSONResponse({"error": "Parse error"}, 400)
        return site.unauthorized(request)

    site.pages["/mcp"] = parse


@broken("endpoint-get")
def events_are_open_to_get(site: Site) -> None:
    """The stream never ends, and nobody waits for that."""
    site.pages["/mcp"] = lambda request: (
        events() if request.method == "GET" else site.unauthorized(request)
    )


@broken("challenge-malformed")
def parameters_without_commas(site: Site) -> None:
    site.challenge = f'Bearer scope="mcp" resource_metadata="{site.origin}{PRM_PATH}"'


@broken("challenge-scope-missing")
def scopes_in_the_metadata_alone(site: Site) -> None:
    site.challenge = f'Bearer resource_metadata="{site.origin}{PRM_PATH}"'


@broken("challenge-offline-access", "challenge-scope-not-offered", says=("admin missing",))
def scopes_of_another_layer_in_the_challenge(site: Site) -> None:
    site.challenge = (
        f'Bearer resource_metadata="{site.origin}{PRM_PATH}", scope="mcp admin offline_access"'
    )


@broken("challenge-dpop-alone")
def proof_of_possession_alone(site: Site) -> None:
    site.challenge = f'DPoP algs="ES256", resource_metadata="{site.origin}{PRM_PATH}", scope="mcp"'
    site.server["dpop_signing_alg_values_supported"] = ["ES256"]
