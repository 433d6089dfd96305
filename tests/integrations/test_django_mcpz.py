"""`docs/integrations/django-mcpz.md`: a server behind `protect`."""

from __future__ import annotations

import pytest

from tests import ORIGIN, PRM
from tests.integrations.pages import page

PAGE = page("django-mcpz.md")
CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
OTHER_TOKENS = {
    "another scope": ('"scope": "mcp"', '"scope": "read"'),
    "another audience": (f"{ORIGIN}/mcp", f"{ORIGIN}/other"),
    "expired": ("+ 300", "- 300"),
    "nobody": ("str(user.pk)", '"12345"'),
}


def test_checks_ask_for_an_authorization_server_alone(project):
    assert project.checks() == ["mcp_oauth_discovery.W017"]


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_challenge_leads_to_the_metadata(site, method):
    assert site.ask("/mcp", method).headers["www-authenticate"] == CHALLENGE
    assert site.ask(f"{PRM}/mcp").json["resource"] == f"{ORIGIN}/mcp"


def test_tool_knows_the_user(site, token):
    message = site.call("tools/call", token, name="whoami").message
    assert message["result"]["structuredContent"] == {"username": "ada"}


@pytest.mark.parametrize(
    ("name", "status"),
    [("another scope", 403), ("another audience", 401), ("expired", 401), ("nobody", 401)],
)
def test_token_is_refused(site, other_tokens, name, status):
    answer = site.call("tools/call", other_tokens[name], name="whoami")
    assert answer.status == status
    assert f'resource_metadata="{ORIGIN}{PRM}/mcp"' in answer.headers["www-authenticate"]


def test_browser_of_another_origin_is_refused_after_the_challenge(site, token):
    elsewhere = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    assert site.ask("/mcp", "POST", headers=elsewhere).status == 401
    answer = site.ask("/mcp", "POST", token=token, headers=elsewhere, body="{}")
    assert answer.status == 403
    assert "Invalid Origin header" in answer.body


def test_server_that_somebody_mounts_itself_lets_nobody_in(project):
    code = """
from django.test import RequestFactory
from project.servers import server
headers = {"host": "app.example.com"}
print(server(RequestFactory().post("/mcp", "{}", "application/json", headers=headers)).status_code)
"""
    assert project.execute(code) == "401"
