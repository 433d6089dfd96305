"""Tokens that the site has really issued, each presented where it does not belong."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.clients.sites import Site
from tests.clients.tokens import post, register, sign_in
from tests.clients.users import user_at
from tests.clients.wire import Answer

pytestmark = pytest.mark.clients

SCOPE = "mcp reports"

# Where each token belongs; the others belong to no MCP server.
TOKENS = {
    "people": "/mcp",
    "reports": "/reports/mcp",
    "refresh-token": None,
    "registration-access-token": None,
}
TOOLS = {"/mcp": "whoami", "/reports/mcp": "list_keys"}


def issue(site: Site, browser: Browser, callback: str) -> dict[str, str]:
    """Return one token of each kind."""
    client = register(site, callback)
    with user_at(browser, site.origin) as user:
        people = sign_in(site, user, client, site.mcp, SCOPE)
        reports = sign_in(site, user, client, site.reports, SCOPE)
    assert {one["scope"] for one in (people, reports)} == {SCOPE}
    return {
        "people": people["access_token"],
        "reports": reports["access_token"],
        "refresh-token": people["refresh_token"],
        "registration-access-token": client["registration_access_token"],
    }


@pytest.fixture(scope="module")
def issued(browser: Browser, other_origin: str) -> Callable[[Site], dict[str, str]]:
    """Return a function that lets a site issue its tokens, once for all tests here."""
    tokens: dict[str, dict[str, str]] = {}

    def issued(site: Site) -> dict[str, str]:
        if site.origin not in tokens:
            tokens[site.origin] = issue(site, browser, f"{other_origin}/callback")
        return tokens[site.origin]

    return issued


def call(site: Site, path: str, token: str) -> Answer:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": TOOLS[path], "arguments": {}},
    }
    bearer = f"Authorization: Bearer {token}"
    return post(site, path, json.dumps(message), "application/json", bearer)


@pytest.mark.parametrize("path", TOOLS)
@pytest.mark.parametrize("name", TOKENS)
def test_token_opens_where_it_belongs_and_nowhere_else(
    site: Site, issued: Callable[[Site], dict[str, str]], name: str, path: str
):
    answer = call(site, path, issued(site)[name])
    if TOKENS[name] == path:
        assert answer.status == 200
        assert json.loads(answer.body)["result"]["structuredContent"]
        return
    challenge = answer.headers["WWW-Authenticate"]
    metadata = f"{site.origin}/.well-known/oauth-protected-resource{path}"
    assert (answer.status, answer.headers["Cache-Control"]) == (401, "no-store")
    assert 'error="invalid_token"' in challenge
    assert f'resource_metadata="{metadata}"' in challenge
    assert b"result" not in answer.body
