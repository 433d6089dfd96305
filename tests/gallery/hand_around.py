"""What is around the documents: pages, caches, forged hosts, unknown addresses, load."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests import ASM, PRM
from tests.gallery.by_hand import HTML, PRM_PATH, Site, broken
from tests.gallery.hand_pages import answered

ONCE = {"Cache-Control": "no-store"}


@broken("cache-missing")
def nothing_said_about_caching(site: Site) -> None:
    site.headers.clear()


@broken("cache-long")
def cached_for_a_year(site: Site) -> None:
    site.headers["Cache-Control"] = "public, max-age=31536000, immutable"


@broken("cache-stale")
def stale_edge(site: Site) -> None:
    site.headers["Age"] = "86000"


@broken("cache-vary")
def varies_with_the_cookie(site: Site) -> None:
    site.headers["Vary"] = "Accept-Encoding, Cookie"


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


@broken("host-reflected")
def documents_out_of_the_host(site: Site) -> None:
    _reflecting(site, "host", **ONCE)


@broken("host-reflected-cached")
def documents_out_of_the_host_for_caches(site: Site) -> None:
    _reflecting(site, "host", **site.headers)


@broken("forwarded-reflected")
def documents_out_of_a_forwarded_host(site: Site) -> None:
    def reflect(request: Request) -> Response:
        host = request.headers.get("x-forwarded-host", site.origin.partition("://")[2])
        prm = json.dumps(site.prm).replace(site.origin, f"http://{host}")
        return Response(prm, 200, ONCE, "application/json")

    site.pages[PRM_PATH] = reflect


@broken("forwarded-reflected", says=(":59999",))
def documents_out_of_a_forwarded_port(site: Site) -> None:
    def reflect(request: Request) -> Response:
        port = request.headers.get("x-forwarded-port")
        resource = f"http://127.0.0.1:{port}/mcp" if port else site.resource
        return JSONResponse({**site.prm, "resource": resource}, headers=ONCE)

    site.pages[PRM_PATH] = reflect


@broken("suffix-echoed")
def metadata_for_every_path(site: Site) -> None:
    def echo(request: Request) -> Response:
        path = request.path_params["path"]
        return JSONResponse({**site.prm, "resource": f"{site.origin}/{path}"}, headers=ONCE)

    site.pages[f"{PRM}/{{path:path}}"] = echo


@broken("suffix-answered")
def one_document_for_every_issuer(site: Site) -> None:
    site.pages[f"{ASM}/{{path:path}}"] = lambda request: JSONResponse(site.server, headers=ONCE)


@broken("suffix-html")
def page_for_unknown_well_known_urls(site: Site) -> None:
    site.answer("/.well-known/{path:path}", HTML, Content_Type="text/html")


def _by_request(site: Site, choose: Any) -> None:
    """Answer the resource metadata with a status that a function chooses."""

    def answer(request: Request) -> Response:
        status = choose(request)
        if status == 200:
            return JSONResponse(site.prm, headers=site.headers)
        return JSONResponse({"error": "try later"}, status)

    site.pages[PRM_PATH] = answer


@broken("agent-dependent", says=("python-httpx",))
def firewall_against_scripts(site: Site) -> None:
    agent = "user-agent"
    _by_request(site, lambda one: 403 if "python" in one.headers.get(agent, "") else 200)


@broken("agent-dependent", says=("a page to python-httpx",))
def scripts_are_asked_whether_they_are_human(site: Site) -> None:
    def answer(request: Request) -> Response:
        if "python" in request.headers.get("user-agent", ""):
            return HTMLResponse("<!doctype html><title>Just a moment...</title>")
        return JSONResponse(site.prm, headers=site.headers)

    site.pages[PRM_PATH] = answer


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


@broken("burst-differs", says=("other values of resource",))
def one_edge_is_older(site: Site) -> None:
    """Every second answer is from before the site has moved."""
    count = iter(range(1000))

    def answer(request: Request) -> Response:
        old = {"resource": "https://old.example.net/mcp"} if next(count) % 2 else {}
        return JSONResponse({**site.prm, **old}, headers=site.headers)

    site.pages[PRM_PATH] = answer


class _Counter:
    """Let so many requests through, and not one more."""

    def __init__(self, most: int, status: int) -> None:
        self.most, self.status = most, status

    def __call__(self, request: Request) -> int:
        self.most -= 1
        return 200 if self.most >= 0 else self.status


@broken("burst-limited")
def few_requests_a_minute(site: Site) -> None:
    _by_request(site, _Counter(8, 429))


@broken("burst-fails")
def connections_run_out(site: Site) -> None:
    _by_request(site, _Counter(8, 503))


@broken("reach-timeout", options=("--timeout", "3"))
def slow_drip(site: Site) -> None:
    """An octet now and then keeps a time-out of the socket alone from ever ending."""

    def dripping(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] != ASM:
                await app(scope, receive, send)
                return
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for _ in range(40):
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
                await asyncio.sleep(0.25)
            await send({"type": "http.response.body", "body": b""})

        return layer

    site.layers.append(dripping)


@broken("reach-broken")
def half_an_answer(site: Site) -> None:
    """More octets are promised than ever come."""
    site.answer(ASM, '{"issuer":', Content_Type="application/json", Content_Length="4000")


@broken("reach-cut", options=("--budget", "3"))
def time_is_over(site: Site) -> None:
    """Each answer takes its time, and there are many of them."""

    def slow(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(1)
            await app(scope, receive, send)

        return layer

    site.layers.append(slow)
