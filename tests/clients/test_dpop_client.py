"""The official TypeScript client signs in to the example with DPoP, and calls a tool."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.clients.deployments import stop
from tests.clients.environments import TYPESCRIPT, node_with
from tests.clients.programs import running
from tests.clients.sites import Site, open_site
from tests.clients.users import user_at

pytestmark = pytest.mark.clients


@dataclass
class SignedIn:
    """What the client got and sent, in the order of its requests, and the site."""

    site: Site
    result: dict[str, str]
    sent: list[dict[str, Any]]
    tokens: dict[str, str]
    thumbprint: str

    def to(self, path: str) -> list[dict[str, Any]]:
        return [each for each in self.sent if each["path"] == path]


@pytest.fixture(scope="module", params=[False, True], ids=["no-nonces", "nonces"])
def needs_nonces(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(scope="module")
def site(needs_nonces: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    module = "tests.clients.dpop_settings" if needs_nonces else "example_project.settings"
    given = {"DPOP": "1", "DJANGO_SETTINGS_MODULE": module}
    opened = open_site("uvicorn", tmp_path_factory.mktemp("dpop"), given)
    yield opened
    stop([opened.deployment])


_KEPT: dict[str, SignedIn] = {}


@pytest.fixture
def signed_in(site: Site, browser: Browser) -> SignedIn:
    """Sign in once for all tests of a site."""
    if site.origin not in _KEPT:
        _KEPT[site.origin] = sign_in(site, browser)
    return _KEPT[site.origin]


def sign_in(site: Site, browser: Browser) -> SignedIn:
    node, script = node_with(TYPESCRIPT, "dpop.mjs")
    with (
        running([node, str(script), site.mcp, "whoami"]) as client,
        user_at(browser, site.origin) as user,
    ):
        for event in map(json.loads, client.out):
            if event.pop("event") == "end":
                return SignedIn(site, **event)
            user.answer(event["url"])
    raise AssertionError("The client has ended without a word.")


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_client_signs_in_and_calls_a_tool(signed_in: SignedIn):
    assert signed_in.result["username"] == "demo"


def test_token_of_the_client_is_bound_to_its_key(signed_in: SignedIn):
    assert signed_in.tokens["token_type"] == "DPoP"
    assert claims(signed_in.tokens["access_token"])["cnf"] == {"jkt": signed_in.thumbprint}
    assert signed_in.tokens["refresh_token"].endswith(signed_in.thumbprint)


def test_client_sends_the_token_with_a_fresh_proof_each_time(signed_in: SignedIn):
    requests = [each for each in signed_in.to("/mcp") if each.get("token")]
    accepted = [each for each in requests if each["status"] < 400]
    assert accepted
    assert {each["scheme"] for each in requests} == {"DPoP"}
    assert {each["token"] for each in requests} == {signed_in.tokens["access_token"]}
    proofs = [each["proof"] for each in signed_in.sent if each["proof"]]
    assert len(set(proofs)) == len(proofs)


def test_client_gets_a_nonce_where_it_needs_one(signed_in: SignedIn, needs_nonces: bool):
    refused = [each for each in signed_in.sent if each.get("error") == "use_dpop_nonce"]
    # The nonce of the token endpoint is valid at the MCP servers of its origin too.
    expected = [("/oauth/mcp/token", 400)] if needs_nonces else []
    assert [(each["path"], each["status"]) for each in refused] == expected


@pytest.mark.parametrize("path", ["/mcp", "/reports/mcp"])
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_stolen_token_without_its_key_is_refused_everywhere(
    signed_in: SignedIn, scheme: str, path: str
):
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    request = urllib.request.Request(  # noqa: S310 - on this machine
        signed_in.site.origin + path,
        json.dumps(message).encode(),
        {
            "Authorization": f"{scheme} {signed_in.tokens['access_token']}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310
    # The exception is the response, with its socket.
    with refused.value:
        assert refused.value.code == 401
