"""Verifiers in the `verify` of protected views, sync and async."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import iscoroutinefunction
from django.http import JsonResponse

from mcp_oauth_discovery.protection import bearer_required, verify_token
from mcp_oauth_discovery.verifiers import ApiKey, Introspection, RemoteIssuer
from tests import ORIGIN
from tests.outside.providers import MCP
from tests.outside.servers import Reply


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN


@pytest.fixture
def verify(provider, server):
    server.replies["/introspect"] = Reply(
        {"active": True, "aud": MCP, "sub": "opaque", "scope": "mcp"}
    )
    return [
        RemoteIssuer(provider.issuer),
        ApiKey(lambda request, key: {"sub": "key", "scope": "mcp"}, prefix="sk_"),
        Introspection(f"{server.origin}/introspect", "id", "secret"),
        verify_token,
    ]


@pytest.fixture(params=["sync", "async"])
def call(request, rf, async_rf, verify):
    """Call a view with a token, and return the response."""

    @bearer_required("/mcp", scope="mcp", verify=verify)
    def view(request):
        return JsonResponse({"sub": request.mcp_claims["sub"]})

    @bearer_required("/mcp", scope="mcp", verify=verify)
    async def aview(request):
        return JsonResponse({"sub": request.mcp_claims["sub"]})

    view, factory = (view, rf) if request.param == "sync" else (aview, async_rf)

    def call(token):
        response = view(factory.post("/mcp", headers={"authorization": f"Bearer {token}"}))
        return asyncio.run(response) if iscoroutinefunction(view) else response

    return call


@pytest.mark.django_db
def test_first_verifier_that_recognises_a_token_decides(call, provider):
    own = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.eA"
    tokens = {provider.token(): "ada", "sk_1": "key", "2YotnFZFEjr1zCsicMWpAA": "opaque"}
    for token, subject in tokens.items():
        assert call(token).content == f'{{"sub": "{subject}"}}'.encode()
    assert call(own).status_code == 401


def test_outage_of_the_issuer_is_a_503_that_is_logged(call, provider, server, caplog):
    server.replies.clear()
    response = call(provider.token())
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert not response.has_header("WWW-Authenticate")
    [record] = [each for each in caplog.records if each.event == "token.unverified"]
    assert provider.issuer in record.getMessage()
    assert record.getMessage().isprintable()


def test_refusal_is_logged_with_its_reason(call, provider, caplog):
    caplog.set_level("INFO", "mcp_oauth_discovery")
    assert call(provider.token(aud="api://one")).status_code == 401
    [record] = [each for each in caplog.records if each.event == "token.refused"]
    assert record.reason == "wrong_audience"
    assert "api://one" in record.getMessage()


def test_token_with_a_proof_of_possession_is_refused(call, provider):
    assert call(provider.token(cnf={"jkt": "0ZcOCORZNYy"})).status_code == 401
