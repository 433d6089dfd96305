"""`docs/integrations/mcp-sdk.md`: the official SDK beside Django in `asgi.py`."""

from __future__ import annotations

import pytest

from tests import JWKS, ORIGIN, PRM
from tests.integrations.pages import page

pytestmark = pytest.mark.clients

PAGE = page("mcp-sdk.md")
METADATA = f'resource_metadata="{ORIGIN}{PRM}/mcp"'


def test_checks_ask_for_an_authorization_server_alone(project):
    assert project.checks() == ["mcp_oauth_discovery.W017"]


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_challenge_leads_to_the_metadata_of_this_app(site):
    assert METADATA in site.ask("/mcp", "POST").headers["www-authenticate"]
    answer = site.ask(f"{PRM}/mcp")
    assert answer.json["resource"] == f"{ORIGIN}/mcp"
    assert answer.headers["etag"]


def test_other_urls_are_those_of_django(site):
    assert len(site.ask(JWKS).json["keys"]) == 2


def test_tool_knows_for_whom_the_token_is(site, token):
    message = site.call("tools/call", token, name="whoami").message
    assert message["result"]["content"][0]["text"] == "7"


@pytest.mark.parametrize(
    ("line", "other", "status"),
    [
        ('"scope": "mcp"', '"scope": "read"', 403),
        (f"{ORIGIN}/mcp", f"{ORIGIN}/mcp/", 401),
        (f"{ORIGIN}/mcp", ORIGIN, 401),
        ("+ 300", "- 300", 401),
    ],
    ids=["another scope", "a final slash", "the origin", "expired"],
)
def test_token_is_refused(site, project, line, other, status):
    token = project.execute(PAGE.files["make_token.py"].replace(line, other))
    answer = site.call("tools/call", token, name="whoami")
    assert answer.status == status
    assert METADATA in answer.headers["www-authenticate"]


def test_nonsense_is_refused(site):
    assert site.call("tools/call", "nonsense", name="whoami").status == 401


def test_another_host_is_refused(site, token):
    host = {"Host": "evil.example", "Content-Type": "application/json"}
    assert site.ask("/mcp", "POST", token=token, headers=host, body="{}").status == 421


def test_challenge_of_the_sdk_has_no_scope(site):
    assert "scope=" not in site.ask("/mcp", "POST").headers["www-authenticate"]
