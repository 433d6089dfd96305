"""Real clients connect and list the tools without a token, and sign in when they call one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import stop
from tests.clients.sites import Site, open_site
from tests.clients.walks import let_walk, program

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    given = {"DJANGO_SETTINGS_MODULE": "tests.clients.open_settings"}
    site = open_site("uvicorn", tmp_path_factory.mktemp("open"), given)
    yield site
    stop([site.deployment])


@pytest.mark.parametrize("client", ["mcp-2", "client-2", "sdk-1"])
def test_client_signs_in_when_it_calls_a_tool_and_not_before(
    browser: Browser, site: Site, client: str
):
    resource = f"{site.origin}/open/mcp"
    walked = let_walk([*program(client), resource, "list", "call:whoami"], site, browser)
    assert walked.error is None
    tools, person = walked.results
    assert "whoami" in tools
    assert person["username"] == "demo"
    listed, signed_in = (
        walked.notes.index(note)
        for note in ("POST /open/mcp tools/list 200", "browser /oauth/mcp/authorize")
    )
    assert listed < signed_in
    assert walked.visits == 1
