"""A page on another origin, in a real browser, reads the documents of the example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.deployments import Deployment
from tests.clients.users import profile_in

pytestmark = pytest.mark.clients

PROTOCOL_VERSION = {"MCP-Protocol-Version": "2025-11-25"}
TOKEN = {**PROTOCOL_VERSION, "Authorization": "Bearer x"}

# No cache: what the page reads is what the server sends, and each fetch gets to the server.
FETCH = """
async ([url, init]) => {
  const response = await fetch(url, {cache: "no-store", ...init});
  return {status: response.status, type: response.type, body: await response.json()};
}
"""
FETCH_BLINDLY = """
async (url) => (await fetch(url, {cache: "no-store", mode: "no-cors"})).type
"""
NAME_OF_ERROR = """
(url) => fetch(url, {cache: "no-store"}).then(() => "none", (error) => error.name)
"""


@pytest.fixture
def page(browser: Browser, other_origin: str) -> Iterator[Page]:
    """Return a page in a context of its own: no preflight of another test is remembered there."""
    with profile_in(browser) as context:
        page = context.new_page()
        page.goto(other_origin)
        yield page


def fetch(page: Page, url: str, **init: Any) -> dict[str, Any]:
    """Fetch as a script of the page does; an answer that it may not read is an error here."""
    return page.evaluate(FETCH, [url, init])


@pytest.mark.parametrize("headers", [PROTOCOL_VERSION, TOKEN], ids=["version", "token"])
def test_page_follows_the_documents(page: Page, deployment: Deployment, headers: dict[str, str]):
    resource = fetch(page, deployment.protected_resource_url, headers=headers)
    server = fetch(page, deployment.authorization_server_url, headers=headers)
    keys = fetch(page, server["body"]["jwks_uri"], headers=headers)
    assert {(one["status"], one["type"]) for one in (resource, server, keys)} == {(200, "cors")}
    assert resource["body"]["resource"] == deployment.resource
    assert resource["body"]["authorization_servers"] == [deployment.issuer]
    assert server["body"].items() >= {"issuer": deployment.issuer, **deployment.endpoints}.items()
    assert isinstance(keys["body"]["keys"], list)


def preflights(deployment: Deployment, since: int) -> list[str]:
    """Return the paths of the preflights that the access log has from an offset on."""
    lines = deployment.log.read_text()[since:].splitlines()
    requests = [line.partition('"OPTIONS ')[2] for line in lines]
    return [request.split()[0] for request in requests if '" 204' in request]


@pytest.mark.parametrize("headers", [PROTOCOL_VERSION, TOKEN], ids=["version", "token"])
def test_browser_asks_before_it_sends_the_header(
    page: Page, usual_deployment: Deployment, headers: dict[str, str]
):
    before = len(usual_deployment.log.read_text())
    fetch(page, usual_deployment.protected_resource_url, headers=headers)
    fetch(page, usual_deployment.authorization_server_url, headers=headers)
    fetch(page, usual_deployment.jwks_url, headers=headers)
    assert preflights(usual_deployment, before) == [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ]


def test_browser_does_not_ask_without_the_header(page: Page, usual_deployment: Deployment):
    before = len(usual_deployment.log.read_text())
    fetch(page, usual_deployment.protected_resource_url)
    assert preflights(usual_deployment, before) == []


def test_page_reads_what_is_wrong_with_a_path(page: Page, usual_deployment: Deployment):
    url = f"{usual_deployment.origin}/.well-known/oauth-protected-resource/nobody"
    answer = fetch(page, url, headers=PROTOCOL_VERSION)
    assert answer == {"status": 404, "type": "cors", "body": {"error": "not_found"}}


def test_page_reads_what_is_wrong_with_a_method(page: Page, usual_deployment: Deployment):
    url = usual_deployment.protected_resource_url
    answer = fetch(page, url, method="POST", headers=PROTOCOL_VERSION, body="{}")
    assert answer == {"status": 405, "type": "cors", "body": {"error": "method_not_allowed"}}


def test_page_cannot_read_the_rest_of_the_site(page: Page, usual_deployment: Deployment):
    home = f"{usual_deployment.origin}/"
    assert page.evaluate(NAME_OF_ERROR, home) == "TypeError"
    # It is there all the same: the page can send for it, but is not shown what came.
    assert page.evaluate(FETCH_BLINDLY, home) == "opaque"
