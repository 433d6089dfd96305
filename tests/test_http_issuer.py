"""A site without MCP_ISSUER behind an http proxy: a warning for each http issuer that is sent."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from mcp_oauth_discovery.challenge import bearer_challenge, resource_metadata_url
from mcp_oauth_discovery.protection import BearerProtection
from tests import ASM, JWKS, PRM

pytestmark = pytest.mark.django_db

OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
HOST = {"host": "app.example.com"}


@pytest.fixture(params=["view", "middleware"])
def get(request, settings):
    """Ask over plain http, as a proxy that ends TLS does."""
    settings.MIDDLEWARE = [OURS] if request.param == "middleware" else []
    return lambda path: Client().get(path, headers=HOST)


@pytest.fixture
def warnings(caplog):
    """Return how many warnings about an http issuer were logged."""

    def warnings():
        return sum(getattr(record, "event", "") == "issuer.http" for record in caplog.records)

    return warnings


@pytest.fixture
def outside(settings):
    """Have a resource and an authorization server that are written out."""
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]


@pytest.mark.parametrize("url", [ASM, f"{ASM}/mcp", f"{PRM}/nowhere", PRM, f"{PRM}/mcp", JWKS])
def test_nothing_is_said_where_another_server_issues_the_tokens(outside, get, warnings, url):
    get(url)
    assert warnings() == 0


@pytest.mark.parametrize("url", [f"{ASM}/nowhere", f"{PRM}/nowhere"])
def test_nothing_is_said_of_a_404(get, warnings, url):
    assert get(url).status_code == 404
    assert warnings() == 0


@pytest.mark.parametrize("url", [ASM, PRM, f"{PRM}/mcp"])
def test_each_document_with_the_issuer_in_it_is_a_warning(get, warnings, url):
    assert "http://app.example.com" in get(url).content.decode()
    assert warnings() == 1


def test_path_of_a_resource_on_the_origin_of_the_request_is_published(
    settings, outside, get, warnings
):
    settings.MCP_RESOURCES = {"/files": {}}
    get(f"{PRM}/mcp")
    assert warnings() == 0
    get(f"{PRM}/files")
    assert warnings() == 1


@pytest.fixture
def request_over_http():
    return RequestFactory().get("/mcp", headers={**HOST, "authorization": "Bearer nonsense"})


@pytest.mark.parametrize("make", [bearer_challenge, resource_metadata_url])
def test_challenge_that_has_the_origin_in_it_is_a_warning(request_over_http, warnings, make):
    assert "http://app.example.com" in make(request_over_http)
    assert warnings() == 1


@pytest.mark.parametrize("make", [bearer_challenge, resource_metadata_url])
def test_challenge_of_a_configured_resource_gives_no_warning(
    outside, request_over_http, warnings, make
):
    make(request_over_http)
    assert warnings() == 0


def test_accepted_token_gives_no_warning(request_over_http, warnings):
    protection = BearerProtection("/mcp", verify=lambda request, token, resource: {"sub": "1"})
    assert protection(request_over_http) is None
    assert warnings() == 0


def test_preflight_gives_no_warning(request_over_http, warnings):
    BearerProtection("/mcp").preflight(request_over_http)
    assert warnings() == 0
