"""`docs/integrations/outside-provider.md`: tokens of an issuer elsewhere."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path

import jwt
import pytest
from joserfc.jwk import RSAKey

from tests import ORIGIN, PRM
from tests.integrations.issuers import serving_issuer
from tests.integrations.pages import page
from tests.integrations.projects import make, served

PAGE = page("outside-provider.md")
MCP = f"{ORIGIN}/mcp"
CLIENT_ID = "3f8f6a3e-0d5b-4a3f-9a6b-6a7f8d1c2b3e"


@pytest.fixture(scope="module")
def issuer():
    with serving_issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def environment(issuer):
    """Read what the page reads, from where the page says that it stands."""
    url = f"{issuer.url}.well-known/openid-configuration"
    with urllib.request.urlopen(url) as response:  # noqa: S310
        metadata = json.load(response)
    return {"PROVIDER": metadata["issuer"], "PROVIDER_JWKS_URI": metadata["jwks_uri"]}


@pytest.fixture(scope="module")
def token(issuer):
    return issuer.token(aud=MCP, scope="openid mcp")


def test_checks_find_nothing(project):
    project.manage("check", "--fail-level=WARNING")


def test_status_is_the_shown_one(curl, answer):
    assert answer.status == curl.status


def test_metadata_names_the_provider_to_the_letter(site, issuer):
    metadata = site.ask(f"{PRM}/mcp").json
    assert metadata["resource"] == MCP
    assert metadata["authorization_servers"] == [issuer.url]


def test_challenge_leads_to_the_metadata(site):
    challenge = site.ask("/mcp", "POST").headers["www-authenticate"]
    assert challenge == f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'


@pytest.mark.parametrize("audience", [MCP, [MCP, "https://tenant.auth0.com/userinfo"]])
def test_token_of_the_provider_lets_in(site, issuer, audience):
    answer = site.ask("/mcp", "POST", token=issuer.token(aud=audience, scope="mcp"))
    assert answer.json == {"hello": "auth0|ada"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": None},
        {"aud": f"{ORIGIN}/other"},
        {"aud": MCP, "iss": "http://127.0.0.1"},
        {"aud": MCP, "exp": int(time.time()) - 300},
        {"aud": MCP, "exp": None},
        {"aud": MCP, "sub": None},
    ],
    ids=["no audience", "another audience", "another issuer", "expired", "no end", "nobody"],
)
def test_token_is_refused(site, issuer, claims):
    answer = site.ask("/mcp", "POST", token=issuer.token(scope="mcp", **claims))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_token_by_another_key_of_the_same_name_is_refused(site, issuer):
    forged = issuer.token(RSAKey.generate_key(2048), aud=MCP, scope="mcp")
    assert site.ask("/mcp", "POST", token=forged).status == 401


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_token_of_another_algorithm_is_refused(site, issuer, algorithm):
    claims = {"iss": issuer.url, "sub": "ada", "aud": MCP, "exp": time.time() + 300, "scope": "mcp"}
    secret = "the public key, say, which everybody has" if algorithm == "HS256" else None
    forged = jwt.encode(claims, secret, algorithm, headers={"kid": issuer.key.kid})
    assert site.ask("/mcp", "POST", token=forged).status == 401


def test_id_token_has_no_scope(site, issuer):
    answer = site.ask("/mcp", "POST", token=issuer.token(aud=MCP))
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_tokens_as_entra_makes_them_let_in(tmp_path, environment, issuer):
    entra = {"PROVIDER_AUDIENCE": CLIENT_ID, "PROVIDER_SCOPE_PREFIX": f"{MCP}/"}
    project = make(PAGE, tmp_path, Path(sys.executable), {**environment, **entra})
    with served(project) as site:
        assert f'scope="{MCP}/mcp"' in site.ask("/mcp", "POST").headers["www-authenticate"]
        right, wrong = (issuer.token(aud=aud, scp="mcp other") for aud in (CLIENT_ID, MCP))
        assert site.ask("/mcp", "POST", token=right).status == 200
        assert site.ask("/mcp", "POST", token=wrong).status == 401
        other = issuer.token(aud=CLIENT_ID, scp=["other"])
        assert site.ask("/mcp", "POST", token=other).status == 403


def test_scopes_in_a_list_let_in(site, issuer):
    token = issuer.token(aud=MCP, scp=["openid", "mcp"])
    assert site.ask("/mcp", "POST", token=token).status == 200
