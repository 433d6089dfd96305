"""What is around the documents: pages, caches, forged hosts, unknown addresses, load."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG,
    CATALOG_TYPE,
    card_url,
    catalog,
    catalog_entry,
    server_card,
)
from tests import ASM, PRM
from tests.gallery.by_hand import PRM_PATH, Page, Site, broken
from tests.gallery.hand_pages import answered

ONCE = {"Cache-Control": "no-store"}


def answering(response: Response) -> Page:
    return lambda request: response


@broken("head-differs")
def no_head(site: Site) -> None:
    answer = JSONResponse({"error": "method"}, 405)
    site.layers.append(lambda app: answered(app, "HEAD", "/.well-known", answer))


def _reflecting(site: Site, header: str, **headers: str) -> None:
    """Build the metadata of the resource out of a header of the request."""

    def reflect(request: Request) -> Response:
        host = request.headers.get(header) or request.headers["host"]
        prm = json.dumps(site.prm).replace(site.origin, f"http://{host}")
        return Response(prm, 200, headers, "application/json")

    site.pages[PRM_PATH] = reflect


@broken("host-reflected-cached")
def documents_out_of_the_host_for_caches(site: Site) -> None:
    _reflecting(site, "host", **site.headers)


@broken("card-endpoint", says=("The path differs",))
def card_of_an_endpoint_that_has_moved(site: Site) -> None:
    card = server_card(
        f"{site.origin}/old/mcp",
        {"name": "com.example/old", "version": "1.0.0", "description": "As it was."},
    )
    entry = catalog_entry(card, card_url(site.resource))
    for path, document, kind in (
        ("/mcp/server-card", card, CARD_TYPE),
        (CATALOG, catalog([entry]), CATALOG_TYPE),
    ):
        site.pages[path] = answering(JSONResponse(document, media_type=kind))


@broken("suffix-echoed")
def metadata_for_every_path(site: Site) -> None:
    def echo(request: Request) -> Response:
        path = request.path_params["path"]
        return JSONResponse({**site.prm, "resource": f"{site.origin}/{path}"}, headers=ONCE)

    site.pages[f"{PRM}/{{path:path}}"] = echo


@broken("agent-dependent", says=("403 to no User-Agent",))
def nameless_requests_are_refused(site: Site) -> None:
    """A rule of many firewalls; the doctor itself has a name wherever it needs none."""

    def strict(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            names = [name for name, _ in scope.get("headers", ())]
            refuses = scope["type"] == "http" and b"user-agent" not in names
            await (Response(status_code=403) if refuses else app)(scope, receive, send)

        return layer

    site.layers.append(strict)


@broken("burst-differs", says=("different values of resource",))
def one_edge_is_older(site: Site) -> None:
    """Every second answer is from before the site has moved."""
    count = iter(range(1000))

    def answer(request: Request) -> Response:
        old = {"resource": "https://old.example.net/mcp"} if next(count) % 2 else {}
        return JSONResponse({**site.prm, **old}, headers=site.headers)

    site.pages[PRM_PATH] = answer


@broken("reach-broken")
def half_an_answer(site: Site) -> None:
    """More octets are promised than ever come."""
    site.answer(ASM, '{"issuer":', Content_Type="application/json", Content_Length="4000")


@broken("reach-cut", options=("--budget", "1"))
def time_is_over(site: Site) -> None:
    """Each answer takes its time, and there are many of them."""

    def slow(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(0.4)
            await app(scope, receive, send)

        return layer

    site.layers.append(slow)
