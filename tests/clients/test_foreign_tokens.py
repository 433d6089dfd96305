"""Tokens that the site has really issued, each presented where it does not belong."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.clients.sites import Site
from tests.clients.users import User, user_at
from tests.clients.wire import Answer, ask

pytestmark = pytest.mark.clients

VERIFIER = "of-a-client-with-all-the-entropy-that-a-test-run-needs"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")
SCOPE = "mcp reports"

# Where each token belongs; the others belong to no MCP server.
TOKENS = {
    "people": "/mcp",
    "reports": "/reports/mcp",
    "refresh-token": None,
    "registration-access-token": None,
}
TOOLS = {"/mcp": "whoami", "/reports/mcp": "list_keys"}


def post(site: Site, path: str, body: str, content_type: str, *headers: str) -> Answer:
    content = f"Content-Type: {content_type}"
    return ask(site.deployment, path, content, *headers, method="POST", body=body)


def register(site: Site, callback: str) -> dict[str, Any]:
    metadata = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    answer = post(site, "/oauth/mcp/register", json.dumps(metadata), "application/json")
    return json.loads(answer.body)


def sign_in(site: Site, user: User, client: dict[str, Any], resource: str) -> dict[str, Any]:
    """Let the user consent to a resource, and return what the site issues."""
    [callback] = client["redirect_uris"]
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": callback,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scope": SCOPE,
        "resource": resource,
    }
    arrived = user.answer(f"{site.origin}/oauth/mcp/authorize?{urlencode(asked)}").callback
    form = {
        "grant_type": "authorization_code",
        "client_id": client["client_id"],
        "code": parse_qs(urlsplit(arrived).query)["code"][0],
        "redirect_uri": callback,
        "code_verifier": VERIFIER,
        "resource": resource,
    }
    answer = post(site, "/oauth/mcp/token", urlencode(form), "application/x-www-form-urlencoded")
    return json.loads(answer.body)


def issue(site: Site, browser: Browser, callback: str) -> dict[str, str]:
    """Return one token of each kind."""
    client = register(site, callback)
    with user_at(browser, site.origin) as user:
        people = sign_in(site, user, client, resource=site.mcp)
        reports = sign_in(site, user, client, resource=site.reports)
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
