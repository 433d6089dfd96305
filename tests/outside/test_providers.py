"""A token of each provider verifies, with the keys that its metadata names."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import granted_scope
from mcp_oauth_discovery.verifiers import RemoteIssuer
from tests.outside.providers import FORMS, MCP


@pytest.fixture(params=FORMS)
def provider(request, make_provider):
    return make_provider(request.param)


@pytest.fixture
def remote(provider):
    return RemoteIssuer(provider.issuer, audience=provider.form.audience)


def test_token_of_the_provider_verifies_with_its_scope(provider, verify):
    claims = verify(provider.token())
    assert claims["iss"] == provider.issuer
    assert provider.form.scope in {"", *granted_scope(claims)}


def test_token_of_a_new_key_verifies(provider, verify):
    verify(provider.token())
    provider.rotate()
    assert verify(provider.token())["iss"] == provider.issuer


def test_token_for_another_audience_is_refused(provider, refused):
    assert refused(provider.token(aud="https://app.example.com/other")) == "wrong_audience"
    assert refused(provider.token(aud=None)) == "wrong_audience"


def test_metadata_is_looked_for_in_the_order_of_clients(provider, server, verify):
    verify(provider.token())
    path = provider.form.issuer.rstrip("/")
    looked = [each for each in server.paths() if each != provider.form.jwks]
    order = [
        f"/.well-known/oauth-authorization-server{path}",
        f"/.well-known/openid-configuration{path}",
        f"{path}/.well-known/openid-configuration",
    ]
    assert looked == order[: order.index(provider.form.metadata) + 1]


def test_permissions_are_no_scope(make_provider, verify):
    auth0 = make_provider("auth0")
    token = auth0.token(scope="openid")
    claims = verify(token, verifier=RemoteIssuer(auth0.issuer))
    assert granted_scope(claims) == {"openid"}
    assert claims["aud"][0] == MCP
