"""Clients that are known by the URL of their metadata come in without registering."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import stop
from tests.clients.metadata import CLIENT
from tests.clients.sites import USER, Site, open_site
from tests.clients.walks import CLIENTS, let_walk, program

pytestmark = pytest.mark.clients

OWN = {"DJANGO_SETTINGS_MODULE": "tests.clients.metadata_settings"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = open_site("uvicorn", tmp_path_factory.mktemp("metadata"), OWN)
    yield site
    stop([site.deployment])


@pytest.mark.parametrize("client", CLIENTS)
def test_client_needs_no_registration(browser: Browser, site: Site, client: str):
    command = [*program(client), site.mcp, "call:whoami", "expire", "call:whoami"]
    walked = let_walk(command, site, browser, CLIENT_METADATA_URL=CLIENT)
    assert walked.error is None
    assert walked.results[-1]["username"] == USER
    assert "Allow Known by its URL to connect?" in walked.answers[0].question
    assert walked.essence("/mcp")[:6] == [
        "POST /mcp 401",
        "GET /.well-known/oauth-protected-resource/mcp 200",
        "GET /.well-known/oauth-authorization-server 200",
        "browser /oauth/mcp/authorize",
        "POST /oauth/mcp/token 200",
        "POST /mcp tools/call 200",
    ]
