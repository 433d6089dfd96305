"""The TypeScript SDK signs in from a page of another origin: everything goes through CORS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Response

from tests.clients.environments import bundle_of_page
from tests.clients.sites import USER, Site
from tests.clients.users import press, profile_in, sign_in

pytestmark = pytest.mark.clients

FETCH = """
async (url) => {
  const response = await fetch(url, {method: "POST"});
  const challenge = response.headers.get("WWW-Authenticate");
  return {status: response.status, challenge, body: await response.json()};
}
"""
# Up to the first message that is answered; there the client sends more than one at a time.
WAY_IN = [
    "POST /mcp 401",
    "GET /.well-known/oauth-protected-resource/mcp 200",
    "GET /.well-known/oauth-authorization-server 200",
    "POST /oauth/mcp/register 201",
    "GET /oauth/mcp/authorize 302",
    "GET /oauth/mcp/login 200",
    "POST /oauth/mcp/login 302",
    "GET /oauth/mcp/authorize 200",
    "POST /oauth/mcp/authorize 302",
    "GET /callback 200",
    "POST /oauth/mcp/token 200",
    "POST /mcp 200",
]


@pytest.fixture(scope="module")
def bundle() -> Path:
    return bundle_of_page()


@pytest.fixture
def page(browser: Browser, listed_origin: str) -> Iterator[Page]:
    with profile_in(browser) as context:
        page = context.new_page()
        page.goto(listed_origin)
        yield page


@pytest.fixture
def foreign_page(page: Page, other_origin: str) -> Page:
    """Return a page of an origin that is not in `MCP_ALLOWED_ORIGINS`."""
    page.goto(other_origin)
    return page


def noted(page: Page) -> list[str]:
    """Return the list in which each answer that the page gets is noted from now on."""
    notes: list[str] = []

    def note(response: Response) -> None:
        path = "/" + response.url.partition("?")[0].split("/", 3)[3]
        if not path.startswith("/static/"):
            notes.append(f"{response.request.method} {path} {response.status}")

    page.on("response", note)
    return notes


def test_page_reads_the_challenge(page: Page, site: Site):
    answer = page.evaluate(FETCH, site.reports)
    metadata = f"{site.origin}/.well-known/oauth-protected-resource/reports/mcp"
    assert answer["status"] == 401
    assert f'resource_metadata="{metadata}"' in answer["challenge"]


@pytest.mark.parametrize("server", ["uvicorn"])
def test_page_of_a_foreign_origin_is_stopped_without_a_challenge(foreign_page: Page, site: Site):
    answer = foreign_page.evaluate(FETCH, site.mcp)
    assert (answer["status"], answer["challenge"]) == (403, None)
    assert answer["body"]["error"] == "origin_not_allowed"


@pytest.mark.parametrize("server", ["uvicorn"])
def test_client_in_a_page_of_a_foreign_origin_is_led_nowhere(
    foreign_page: Page, site: Site, bundle: Path
):
    notes = noted(foreign_page)
    foreign_page.add_script_tag(path=bundle)
    with pytest.raises(Error, match="origin_not_allowed"):
        foreign_page.evaluate("(resource) => window.page.leave(resource)", site.mcp)
    assert set(notes) == {"POST /mcp 403"}


def test_page_signs_in_and_calls_a_tool(page: Page, site: Site, bundle: Path):
    notes = noted(page)
    page.add_script_tag(path=bundle)
    page.goto(page.evaluate("(resource) => window.page.leave(resource)", site.mcp))
    sign_in(page)
    press(page, "Allow")
    page.add_script_tag(path=bundle)
    tools, person = page.evaluate("() => window.page.comeBack()")
    assert tools == ["whoami", "set_first_name"]
    assert person == {"username": USER, "first_name": ""}
    assert notes[: len(WAY_IN)] == WAY_IN
    # There is no stream for what the server has to say unasked; nothing else is refused.
    refused = {one for one in notes if one[-3:] >= "400"}
    assert refused - {"GET /mcp 405"} == {"POST /mcp 401"}
