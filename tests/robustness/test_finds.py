"""What the attack and the fuzzer found once, and what holds since."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from oauth2_provider.models import Application

from mcp_oauth_discovery.contrib.oauth_toolkit import oauth2_provider_settings
from mcp_oauth_discovery.doctor.transport.framing import read_head
from mcp_oauth_discovery.protection import bearer_required
from tests import ASM, JWKS, ORIGIN, PRM


@bearer_required()
def mcp(request):
    return HttpResponse()


urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("oauth/mcp/", include("mcp_oauth_discovery.contrib.oauth_toolkit.urls")),
    path("mcp", mcp),
]

FORM = "application/x-www-form-urlencoded"
MIDDLEWARE = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
# What CsrfViewMiddleware replaces, and what SessionMiddleware deletes.
ODD = ["csrftoken=x", "sessionid=x"]


def answers(url, cookie):
    """Return the answers to the first request, and to one that may get a kept document."""
    client = Client(headers={"cookie": cookie})
    return [client.get(url), client.get(url), client.options(url), client.post(url)]


@pytest.fixture
def _endpoints(settings, db):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    # The views of the toolkit keep the validator of the first request, also for other tests.
    settings.OAUTH2_PROVIDER = oauth2_provider_settings(scopes={"mcp": "Connect"})


@pytest.fixture
def client_with_session(db, client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ODD)
@pytest.mark.parametrize("issuer", [None, ORIGIN], ids=["unpinned", "pinned"])
@pytest.mark.parametrize("innermost", [[], [MIDDLEWARE]], ids=["views", "middleware"])
def test_odd_cookie_of_a_request_sets_none_with_a_document(settings, innermost, issuer, cookie):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *innermost]
    settings.MCP_ISSUER = issuer
    for url in (PRM, f"{PRM}/nobody", ASM, JWKS):
        for answer in answers(url, cookie):
            assert not answer.cookies
            assert "cookie" not in answer.get("Vary", "").lower()


def test_session_that_every_request_renews_is_not_renewed_by_a_document(
    settings, client_with_session
):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.MCP_ISSUER = ORIGIN
    for url in (PRM, PRM, ASM, JWKS):
        assert not client_with_session.get(url).cookies
    assert "sessionid" in client_with_session.get("/admin/").cookies


@pytest.mark.parametrize(
    ("url", "cookie"), [("/mcp", ODD[0]), *(("/oauth/mcp/token", each) for each in ODD)]
)
@pytest.mark.usefixtures("_endpoints")
def test_odd_cookie_of_a_request_sets_none_at_an_endpoint(url, cookie):
    for answer in answers(url, cookie):
        assert answer.status_code < 500
        assert not answer.cookies


@pytest.mark.usefixtures("_endpoints")
def test_client_without_a_secret_is_refused_without_a_slow_hash(monkeypatch):
    Application.objects.create(
        client_id="known", client_type="public", authorization_grant_type="authorization-code"
    )
    monkeypatch.setattr("oauth2_provider.oauth2_validators.check_password", lambda *_: 1 / 0)
    form = {"grant_type": "authorization_code", "code": "x", "client_id": "known"}
    answer = Client(headers={"authorization": "Basic x"}).post("/oauth/mcp/token", form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.usefixtures("_endpoints")
@pytest.mark.parametrize("length", [65_000, 65_536])
def test_form_is_refused_before_it_is_slow_to_read(length):
    form = {"grant_type": "x", "client_id": "a" * length}
    urlencoded = Client().post("/oauth/mcp/token", urlencode(form), FORM)
    multipart = Client().post("/oauth/mcp/token", form)
    expected = "unsupported_grant_type" if length < 65_536 else "invalid_request"
    for answer in (urlencoded, multipart):
        assert (answer.status_code, answer.json()["error"]) == (400, expected)


@pytest.mark.parametrize(
    ("lines", "value"),
    [(b"A:\r\n b\r\n", "b"), (b"A: b\r\n \r\n c\r\n", "b c"), (b"A: b\r\n \r\n", "b")],
)
def test_folded_header_has_no_space_at_its_ends(lines, value):
    octets = b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n"
    head = read_head(io.BufferedReader(io.BytesIO(octets)), "GET", ORIGIN)
    assert head.header("a") == value
