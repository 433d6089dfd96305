"""`docs/integrations/django-mcp-server.md`: its view behind our authentication."""

from __future__ import annotations

import pytest

from tests import ORIGIN, PRM
from tests.integrations.pages import page

pytestmark = pytest.mark.clients

PAGE = page("django-mcp-server.md")
OWN_ENVIRONMENT = True
CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'


def test_checks_ask_for_an_authorization_server_alone(project):
    assert project.checks() == ["mcp_oauth_discovery.W017"]


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_challenge_leads_to_the_metadata(site):
    assert site.ask("/mcp", "POST").headers["www-authenticate"] == CHALLENGE
    assert site.ask(f"{PRM}/mcp").json["resource"] == f"{ORIGIN}/mcp"


def test_tool_knows_the_user(site, token):
    message = site.call("tools/call", token, name="whoami").message
    assert message["result"]["content"][0]["text"] == "ada"


def test_stream_is_not_opened(site, token):
    headers = {"Accept": "text/event-stream"}
    assert site.ask("/mcp", token=token, headers=headers).status == 405


@pytest.mark.parametrize(
    ("line", "other", "status"),
    [
        ('"scope": "mcp"', '"scope": "read"', 403),
        (f"{ORIGIN}/mcp", f"{ORIGIN}/other", 401),
        ("+ 300", "- 300", 401),
    ],
    ids=["another scope", "another audience", "expired"],
)
def test_token_is_refused(site, project, line, other, status):
    token = project.execute(PAGE.files["make_token.py"].replace(line, other))
    answer = site.call("tools/call", token, name="whoami")
    assert answer.status == status
    assert f'resource_metadata="{ORIGIN}{PRM}/mcp"' in answer.headers["www-authenticate"]
