"""Six deployments of the example to discover, two to sign in to, and a browser."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.clients.deployments import HOST, SERVERS, Deploy, Deployment, Plan, start, stop
from tests.clients.environments import chromium
from tests.clients.programs import PATIENCE
from tests.clients.sites import Site, open_site


@pytest.fixture(scope="session")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Return a function that starts what a plan says, once for all tests of this run."""
    running: dict[Plan, Deployment] = {}

    def deployed(plan: Plan) -> Deployment:
        if plan not in running:
            running[plan] = start(plan, tmp_path_factory.mktemp(plan.server))
        return running[plan]

    yield deployed
    stop(running.values())


# None of these has a wider scope than the function: pytest would sort all tests by it, and take
# the browser up and down for each deployment.
@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["{origin}", "{origin}/tenants/one"], ids=["issuer", "issuer-with-path"])
def issuer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(
    params=["{origin}/mcp", "{origin}/files/v2/mcp", "{origin}"],
    ids=["mcp", "deeper-path", "bare-origin"],
)
def resource(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def deployment(deploy: Deploy, issuer: str, resource: str) -> Deployment:
    """Return each of the six; what they publish does not depend on the server."""
    # Each server has those of one issuer.
    server = "gunicorn" if issuer == "{origin}" else "uvicorn"
    return deploy(Plan(server, issuer, resource))


@pytest.fixture
def usual_deployment(deploy: Deploy, server: str) -> Deployment:
    """Return the plainest of the six, on each server, where the matrix has nothing to add."""
    return deploy(Plan(server, "{origin}", "{origin}/mcp"))


# For each module that wants it: as long as Playwright is open, an event loop counts as running in
# this thread, and Django would refuse to touch a database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        options += ["--disable-component-update", "--disable-sync", "--no-first-run"]
        path = chromium(playwright.chromium.executable_path)
        with playwright.chromium.launch(executable_path=path, args=options) as browser:
            yield browser


class BlankPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A client in a browser</title>")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def other_origin() -> Iterator[str]:
    """Serve a blank page from an origin that is not the example's, and not on its lists either."""
    with blank_page() as origin:
        yield origin


@pytest.fixture(scope="session")
def listed_origin() -> Iterator[str]:
    """Serve a blank page from an origin that is in `MCP_ALLOWED_ORIGINS` of each site."""
    with blank_page() as origin:
        yield origin


@contextmanager
def blank_page() -> Iterator[str]:
    with ThreadingHTTPServer((HOST, 0), BlankPage) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://{HOST}:{site.server_port}"
        site.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def sites(
    tmp_path_factory: pytest.TempPathFactory, listed_origin: str
) -> Iterator[Callable[[str], Site]]:
    """Return a function that opens a site on a server, once for all tests of this run."""
    running: dict[str, Site] = {}

    def opened(server: str) -> Site:
        if server not in running:
            directory = tmp_path_factory.mktemp(f"site-{server}")
            running[server] = open_site(server, directory, {"ALLOWED_ORIGINS": listed_origin})
        return running[server]

    yield opened
    stop(site.deployment for site in running.values())


@pytest.fixture
def site(sites: Callable[[str], Site], server: str) -> Iterator[Site]:
    """Return a site on each server; what it has logged meanwhile is shown if the test fails."""
    site = sites(server)
    before = len(site.log())
    yield site
    sys.stdout.write(f"The server said:\n{site.log()[before:]}")
