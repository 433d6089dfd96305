"""Which resource is meant: by the path of a request, or by whoever names one."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404

from mcp_oauth_discovery.challenge import bearer_challenge, resource_metadata_url, unauthorized
from mcp_oauth_discovery.identity.lookup import UnknownResource
from tests import ORIGIN, PRM
from tests.nasty import REPRESENTATIVE


@pytest.fixture
def ask(rf):
    """Return a request for a path of https://app.example.com, without credentials."""

    def ask(path="/mcp", *, host="app.example.com"):
        return rf.post(path, secure=True, headers={"host": host})

    return ask


@pytest.mark.parametrize(
    ("path", "url"),
    {
        "/files/mcp": f"{ORIGIN}{PRM}/files/mcp",
        "/files/mcp/": f"{ORIGIN}{PRM}/files/mcp",
        "/files/mcp?x=1": f"{ORIGIN}{PRM}/files/mcp",
        "/caf%C3%A9": f"{ORIGIN}{PRM}/caf%C3%A9",
        "/tools": f"https://tools.example.com:8443{PRM}/tools/",
        "/q?a=b": f"{ORIGIN}{PRM}/q?a=b",
        "/elsewhere": f"{ORIGIN}{PRM}/mcp",
        "/files/mcp/sse": f"{ORIGIN}{PRM}/mcp",
        "/": f"{ORIGIN}{PRM}/mcp",
    }.items(),
)
def test_path_of_the_request_names_the_resource(settings, ask, path, url):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCE = f"{ORIGIN}/mcp"
    settings.MCP_RESOURCES = {
        "/files/mcp": {},
        "/caf%C3%A9": {},
        "https://tools.example.com:8443/tools/": {},
        "/q?a=b": {},
    }
    assert resource_metadata_url(ask(path)) == url


@pytest.mark.parametrize("identifier", [ORIGIN, f"{ORIGIN}/"])
def test_lone_slash_is_dropped_from_the_metadata_url(settings, ask, identifier):
    settings.MCP_RESOURCE = identifier
    assert resource_metadata_url(ask("/")) == f"{ORIGIN}{PRM}"


@pytest.mark.parametrize(
    "identifier",
    [
        ORIGIN,
        f"{ORIGIN}/",
        f"{ORIGIN}/mcp",
        f"{ORIGIN}/mcp/",
        f"{ORIGIN}/%7Ejoe%20x/mcp",
        f"{ORIGIN}/mcp?tenant=7",
        f"{ORIGIN}?tenant=7",
        f"{ORIGIN}:8443/mcp",
        "HTTPS://APP.example.com:443/mcp",
    ],
)
def test_metadata_url_serves_the_metadata_of_the_resource(settings, ask, fetch, identifier):
    settings.MCP_RESOURCE = identifier
    assert fetch(resource_metadata_url(ask("/x"))).json()["resource"] == identifier


def test_script_name_is_part_of_the_path(settings, rf):
    settings.MCP_RESOURCES = {"/app/mcp": {}, "/mcp": {}}
    request = rf.get("/mcp", SCRIPT_NAME="/app", headers={"host": "app.example.com"})
    assert resource_metadata_url(request).endswith(f"{PRM}/app/mcp")


@pytest.mark.parametrize(
    ("name", "url"),
    {
        f"{ORIGIN}/files/mcp": f"{ORIGIN}{PRM}/files/mcp",
        "/files/mcp": f"{ORIGIN}{PRM}/files/mcp",
        "https://tools.example.com/mcp": f"https://tools.example.com{PRM}/mcp",
        "/other": f"{ORIGIN}{PRM}/other",
    }.items(),
)
def test_resource_is_named_by_identifier_key_or_path(settings, ask, name, url):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCE = f"{ORIGIN}/other"
    settings.MCP_RESOURCES = {"/files/mcp": {}, "https://tools.example.com/mcp": {}}
    assert resource_metadata_url(ask("/whatever"), name) == url


def test_path_that_two_hosts_share_is_no_name(settings, ask):
    settings.MCP_RESOURCES = {"https://a.example.com/mcp": {}, "https://b.example.com/mcp": {}}
    with pytest.raises(UnknownResource, match=r"has https://a\.example\.com/mcp, https://b\."):
        bearer_challenge(ask(), resource="/mcp")


def test_host_decides_where_resources_share_the_path_of_the_request(settings, ask):
    settings.MCP_RESOURCES = {"https://a.example.com/mcp": {}, "https://b.example.com/mcp": {}}
    assert resource_metadata_url(ask(host="b.example.com")) == f"https://b.example.com{PRM}/mcp"


@pytest.mark.parametrize("name", ["/mc", f"{ORIGIN}/mcp/", "https://evil.example/mcp", "", 7])
def test_unknown_resource_is_an_error_that_says_what_there_is(settings, ask, name):
    settings.MCP_ISSUER = ORIGIN
    with pytest.raises(UnknownResource) as caught:
        bearer_challenge(ask(), resource=name)
    assert isinstance(caught.value, ImproperlyConfigured)
    assert isinstance(caught.value, ValueError)
    assert repr(name) in str(caught.value)
    assert f"{ORIGIN}/mcp" in str(caught.value)
    assert f"MCP_RESOURCES = {{{name!r}: {{}}}}" in str(caught.value)


def test_no_default_resource_is_an_error_that_says_what_to_pass(settings, ask):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    with pytest.raises(UnknownResource, match=f"Pass resource=, one of {ORIGIN}/a, {ORIGIN}/b, or"):
        bearer_challenge(ask("/c"))


@pytest.mark.parametrize(
    ("path", "name"), [("/off", None), ("/off/", None), ("/on", "/off"), ("/x", f"{ORIGIN}/off")]
)
def test_disabled_resource_is_not_challenged_for(settings, ask, path, name):
    settings.MCP_RESOURCES = {"/on": {}, "/off": {"enabled": False}}
    settings.MCP_RESOURCE = f"{ORIGIN}/on"
    with pytest.raises(Http404):
        unauthorized(ask(path), resource=name)


@pytest.mark.parametrize("value", REPRESENTATIVE)
def test_resource_that_would_break_the_header_is_unknown(ask, value):
    with pytest.raises(UnknownResource) as caught:
        bearer_challenge(ask(), resource=value)
    assert len(str(caught.value)) < 1000
