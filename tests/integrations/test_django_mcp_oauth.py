"""`docs/integrations/django-mcp-oauth.md`: its clients and consent, our documents and keys."""

from __future__ import annotations

import json

import pytest

from tests import ASM, JWKS, ORIGIN, PRM
from tests.integrations.pages import page

pytestmark = pytest.mark.clients

PAGE = page("django-mcp-oauth.md")
OWN_ENVIRONMENT = True
MCP = f"{ORIGIN}/mcp"
# The port is a part of what is registered.
ASKED = {"scope": "mcp", "redirect_uri": "http://127.0.0.1/callback"}


@pytest.fixture(scope="module")
def given(project):
    """Return what a client is given for what it asks, as an MCP client does."""
    return project.walk(
        {"confirm": "yes"},
        {
            "right": {**ASKED, "resource": MCP},
            "another port": {**ASKED, "redirect_uri": "http://127.0.0.1:4711/callback"},
            "another resource": {**ASKED, "resource": f"{ORIGIN}/other"},
            "another scope": {**ASKED, "scope": "openid"},
            "plain": {**ASKED, "code_challenge": "v" * 43, "code_challenge_method": "plain"},
        },
    )


@pytest.fixture(scope="module")
def token(given):
    return given["right"]["access_token"]


def test_checks_find_nothing(project):
    project.manage("check", "--fail-level=WARNING")


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_challenge_leads_to_the_metadata(site):
    challenge = site.ask("/mcp", "POST").headers["www-authenticate"]
    assert challenge == f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'
    assert site.ask(f"{PRM}/mcp").json["authorization_servers"] == [ORIGIN]
    assert site.ask(ASM).json["token_endpoint"] == f"{ORIGIN}/oauth/token"


def test_token_of_a_client_is_of_its_user_and_of_a_published_key(site, token):
    assert site.ask("/mcp", "POST", token=token).json == {"hello": "ada"}
    assert {key["kid"] for key in site.ask(JWKS).json["keys"]}.isdisjoint({"mcp-oauth-1"})


def test_refresh_token_is_refused(site, given):
    assert site.ask("/mcp", "POST", token=given["right"]["refresh_token"]).status == 401


def test_resource_is_ignored_as_the_page_says(site, given):
    token = given["another resource"]["access_token"]
    assert site.ask("/mcp", "POST", token=token).status == 200


def test_other_port_and_pkce_without_a_hash_are_refused(given):
    assert given["another port"] == {"status": 400, "location": None}
    assert "error=invalid_request" in given["plain"]["location"]
    assert "error=invalid_scope" in given["another scope"]["location"]


# What the registration of the page answers, and after it that of django-mcp-oauth.
REGISTRATIONS = """
import json, types
from django.test import Client, override_settings
from django_mcp_oauth import urls
client = Client(headers={"host": "app.example.com"}, raise_request_exception=False)
bodies = [
    {"redirect_uris": ["http://evil.example/callback"]},
    {"redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none"},
    "{", "[1]", "null", {}, {"redirect_uris": ["https://a.example/"], "grant_types": None},
]
def answers():
    return [client.post("/oauth/register", body, "application/json") for body in bodies]
ours = answers()
with override_settings(ROOT_URLCONF=urls, DEBUG=False, ADMINS=[]):
    theirs = answers()
print(json.dumps({
    "ours": [answer.status_code for answer in ours],
    "theirs": [answer.status_code for answer in theirs],
    "registered": ours[1].json(),
}))
"""


def test_registration_refuses_and_completes_what_django_mcp_oauth_does_not(project):
    found = json.loads(project.execute(REGISTRATIONS))
    assert found["ours"] == [400, 201, 400, 400, 400, 400, 201]
    assert found["theirs"][:3] == [201, 201, 500]
    registered = found["registered"]
    assert registered["scope"] == "mcp"
    assert registered["response_types"] == ["code"]
    assert "client_secret" not in registered
