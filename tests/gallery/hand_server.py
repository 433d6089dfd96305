"""Authorization server metadata that is elsewhere, another's, or not enough; its endpoints."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from tests import ASM
from tests.gallery.by_hand import Site, broken


@broken("as-not-found")
def server_metadata_one_path_off(site: Site) -> None:
    """The issuer has a path; its document is appended to it, which nobody asks for."""
    site.prm["authorization_servers"] = [f"{site.origin}/auth"]
    site.server["issuer"] = f"{site.origin}/auth"
    site.documents[f"/auth{ASM}"] = site.documents.pop(ASM)


@broken("oauth-endpoint-cors")
def token_endpoint_is_closed_to_pages(site: Site) -> None:
    """Starlette's middleware answers preflights itself, so the endpoint is on another app."""
    closed = JSONResponse({"error": "method"}, 405)
    site.layers.append(lambda app: _instead(app, "/token", closed))


def _instead(app, path, answer: Response):
    async def layer(scope, receive, send):
        is_preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
        if is_preflight and scope["path"] == path:
            await answer(scope, receive, send)
        else:
            await app(scope, receive, send)

    return layer
