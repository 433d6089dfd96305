"""`docs/integrations/allauth.md`: django-allauth as the authorization server."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import ASM, JWKS, ORIGIN, PRM
from tests.integrations.pages import page

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="django-allauth needs Python 3.11."),
]

PAGE = page("allauth.md")
OWN_ENVIRONMENT = True
MCP = f"{ORIGIN}/mcp"


@pytest.fixture(scope="module")
def environment():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {"OIDC_PRIVATE_KEY": pem.decode()}


@pytest.fixture(scope="module")
def given(project):
    """Return what a client is given for what it asks, as an MCP client does."""
    return project.walk(
        {"action": "grant"},
        {
            "right": {"scope": "mcp", "resource": MCP},
            "no resource": {"scope": "mcp"},
            "another resource": {"scope": "mcp", "resource": f"{ORIGIN}/other"},
            "another scope": {"scope": "openid", "resource": MCP},
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


def test_token_that_a_client_was_given_is_of_its_user(site, token):
    assert site.ask("/mcp", "POST", token=token).json == {"hello": "ada"}


def test_documents_of_both_apps_agree(site):
    ours, theirs = site.ask(ASM).json, site.ask("/.well-known/openid-configuration").json
    listed = ("grant_types_supported", "response_types_supported")
    common = [name for name in ours if name in theirs and name not in listed]
    assert "issuer" in common
    assert "registration_endpoint" in common
    differing = {name for name in common if sorted(ours[name]) != sorted(theirs[name])}
    assert differing == set()
    assert all(set(ours[name]) <= set(theirs[name]) for name in listed)


def test_published_keys_are_those_of_allauth(site):
    [key] = site.ask(JWKS).json["keys"]
    assert site.ask(ASM).json["jwks_uri"] == f"{ORIGIN}{JWKS}"
    assert key["kty"] == "RSA"


def test_token_without_a_resource_is_refused(site, given):
    answer = site.ask("/mcp", "POST", token=given["no resource"]["access_token"])
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_token_with_another_scope_is_refused(site, given):
    token = given["another scope"]["access_token"]
    assert site.ask("/mcp", "POST", token=token).status == 403


def test_refresh_token_is_refused(site, given):
    assert site.ask("/mcp", "POST", token=given["right"]["refresh_token"]).status == 401


def test_another_resource_is_not_granted(given):
    # A page for the user, which allauth sends with status 200.
    assert given["another resource"] == {"status": 200, "location": None}


def test_without_the_adapter_a_client_that_names_no_scope_may_ask_for_openid_alone(project):
    adapter = project.directory / "project" / "adapter.py"
    whole = adapter.read_text()
    adapter.write_text(whole.replace("def validate_client_registration", "def unused"))
    try:
        asked = {"scope": "mcp", "resource": MCP}
        refused = project.walk({"action": "grant"}, {"mcp": asked})["mcp"]
    finally:
        adapter.write_text(whole)
    assert "error=invalid_scope" in refused["location"]
