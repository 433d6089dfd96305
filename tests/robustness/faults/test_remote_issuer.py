"""The issuer of `RemoteIssuer` is down, hangs, or answers garbage, and then it is back."""

from __future__ import annotations

import time
from types import ModuleType

import pytest
from django.http import JsonResponse
from django.test import Client, override_settings
from django.urls import include, path

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.protection import bearer_required, verify_token
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.verifiers import RemoteIssuer
from tests import ASM, JWKS, ORIGIN, PRM
from tests.outside.providers import FORMS, MCP, Provider
from tests.outside.servers import Reply, serving
from tests.robustness.faults.requests import Answer

pytestmark = pytest.mark.django_db

FAULTS = {
    # The answer is a connection that is closed.
    "closes": lambda handler: None,
    "500": Reply({"error": "server_error"}, 500),
    "garbage": Reply(b"<html>\xff\x00"),
    "wrong JSON": Reply([1, {"keys": 7}]),
    "redirect": Reply(b"", 302, {"Location": "/elsewhere"}),
    "hangs": "hangs",
}


@pytest.fixture
def provider():
    with serving() as server:
        yield Provider(FORMS["keycloak"], server, server)


@pytest.fixture
def send(provider, settings):
    """Send a request to a site that accepts the tokens of the provider, and its own."""
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    remote = RemoteIssuer(provider.issuer, timeout=0.5)

    @bearer_required("/mcp", verify=[remote, verify_token])
    def view(request):
        return JsonResponse({})

    urls = ModuleType("urls")
    urls.urlpatterns = [path("", include("mcp_oauth_discovery.urls")), path("mcp", view)]

    def send(place="/mcp", token=None):
        headers = {"host": "app.example.com"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        with override_settings(ROOT_URLCONF=urls):
            response = Client().get(place, headers=headers, secure=True)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, response.content)

    return send


def own_token():
    return sign_jwt({"sub": "7", "aud": MCP, "exp": int(time.time()) + 600})


@pytest.mark.parametrize("name", FAULTS)
def test_issuer_that_is_down_and_back(send, provider, caplog, name):
    server, fault = provider.server, FAULTS[name]
    healthy = dict(server.replies)
    for place in healthy:
        server.replies[place] = server.hang if fault == "hangs" else fault
    answer = send(token=provider.token())
    # What a client gets: an error that a new sign-in would not end, and no challenge.
    assert (answer.status, answer.problems()) == (503, [])
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers
    # All else is as before.
    others = [send(), send(PRM), send(ASM), send(JWKS), send(token=own_token())]
    assert [other.status for other in others] == [401, 200, 200, 200, 200]
    assert [other.problems() for other in others[:1]] == [[]]
    # What the operator reads.
    [record] = [each for each in caplog.records if getattr(each, "event", "") == "token.unverified"]
    assert (record.levelname, provider.issuer in record.getMessage()) == ("WARNING", True)
    # What is lost: nothing. The same token is valid when the issuer is back.
    server.replies.update(healthy)
    time.sleep(int(answer.headers["retry-after"]))
    assert send(token=provider.token()).status == 200
