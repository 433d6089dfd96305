"""The resources of a site: which there are, and which one is at a path."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.identity import Resource
from tests.resources import find, identifiers

ISSUER = "https://id.example.com/t1"


def test_default_resource_is_below_the_issuer(settings, site):
    settings.MCP_ISSUER = ISSUER
    assert site.resources == [Resource(f"{ISSUER}/mcp", {})]
    assert site.default_resource == site.resources[0]


def test_only_resource_listed_is_the_default(settings, site):
    settings.MCP_RESOURCES = {"/files/mcp": {"resource_name": "Files"}}
    members = {"resource_name": "Files"}
    expected = Resource("https://app.example.com/files/mcp", members, key="/files/mcp")
    assert site.resources == [expected]
    assert site.default_resource == expected


def test_of_several_resources_none_is_the_default(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    assert site.default_resource is None


def test_set_resource_is_the_default_beside_those_listed(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/a": {}}
    assert identifiers(site) == ["https://app.example.com/a", "https://app.example.com/mcp"]
    assert site.default_resource == Resource("https://app.example.com/mcp", {})


def test_set_resource_may_have_its_members_in_the_list(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/mcp": {"resource_name": "Main"}, "/a": {}}
    assert len(site.resources) == 2
    assert site.default_resource.members == {"resource_name": "Main"}


@pytest.mark.parametrize(
    ("key", "identifier"),
    [
        ("/files/mcp", "https://id.example.com/files/mcp"),
        ("/", "https://id.example.com/"),
        ("/mcp?tenant=7", "https://id.example.com/mcp?tenant=7"),
        ("https://files.example.com/mcp/", "https://files.example.com/mcp/"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_key_of_a_resource_is_a_path_or_a_uri(settings, site, key, identifier):
    settings.MCP_ISSUER = ISSUER
    settings.MCP_RESOURCES = {key: {}}
    assert identifiers(site) == [identifier]


def test_enabled_is_not_a_member(settings, site):
    settings.MCP_RESOURCES = {"/a": {"enabled": False, "x": 1}, "/b": {"enabled": True}}
    assert [(one.enabled, one.members) for one in site.resources] == [(False, {"x": 1}), (True, {})]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(["/mcp"], id="list"),
        pytest.param("/mcp", id="string"),
        pytest.param({"/mcp": None}, id="members-none"),
        pytest.param({"/mcp": ["x"]}, id="members-list"),
        pytest.param({"/mcp": {"enabled": "no"}}, id="enabled-string"),
        pytest.param({"/mcp": {"enabled": 0}}, id="enabled-number"),
        pytest.param({"/mcp": {"enabled": None}}, id="enabled-none"),
        pytest.param({"mcp": {}}, id="relative"),
        pytest.param({"//evil.example.com/mcp": {}}, id="scheme-relative"),
        pytest.param({"": {}}, id="empty"),
        pytest.param({7: {}}, id="number"),
        pytest.param({None: {}}, id="none"),
        pytest.param({"/mcp#x": {}}, id="fragment"),
        pytest.param({"/a/../b": {}}, id="dot-segments"),
        pytest.param({"http://app.example.com/mcp": {}}, id="http"),
    ],
)
def test_malformed_list_of_resources(settings, site, listed):
    settings.MCP_RESOURCES = listed
    with pytest.raises(Misconfigured, match="MCP_RESOURCES = ") as caught:
        _ = site.resources
    assert caught.value.setting == "MCP_RESOURCES"


@pytest.mark.parametrize(
    "keys",
    [
        ("/a", "/a/"),
        ("/a", "https://app.example.com/a"),
        ("https://h", "https://h/"),
        ("https://h/a", "https://H:443/a/"),
        ("https://h/a", "https://h/%61"),
        ("https://h?t=1", "https://h/?t=1"),
    ],
    ids=" and ".join,
)
@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_two_resources_at_one_place_collide(settings, site, keys, enabled):
    settings.MCP_RESOURCES = {key: {"enabled": enabled} for key in keys}
    with pytest.raises(Misconfigured, match="share one metadata URL"):
        _ = site.resources


def test_set_resource_collides_with_another_spelling_of_it(settings, site):
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCES = {"/mcp/": {}}
    with pytest.raises(Misconfigured, match="share one metadata URL"):
        _ = site.resources


@pytest.mark.parametrize(
    "keys",
    [
        ("/a", "/A"),
        ("/a", "/a//"),
        ("/a?t=1", "/a?t=2", "/a"),
        # RFC 9728 §6: é as one character, and as a letter with an accent.
        ("/%C3%A9", "/e%CC%81"),
    ],
)
def test_resources_at_different_places_do_not_collide(settings, site, keys):
    settings.MCP_RESOURCES = {key: {} for key in keys}
    assert len(site.resources) == len(keys)


# Finding a resource


def test_resource_is_found_by_its_path(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b/": {}}
    assert find(site, "/b") == "https://app.example.com/b/"


@pytest.mark.parametrize("path", ["", "/", "/a/", "/A", "/a/b", "a", "/.."])
def test_no_resource_is_found_at_another_path(settings, site, path):
    settings.MCP_RESOURCES = {"/a": {}}
    assert find(site, path) is None


def test_resource_is_found_by_path_whatever_the_host(settings, site_at):
    settings.MCP_RESOURCES = {"https://files.example.com/mcp": {}}
    site = site_at("http://localhost:8000")
    assert find(site, "/mcp") == "https://files.example.com/mcp"
    assert site.is_pinned


TWO_HOSTS = {"https://a.example.com/mcp": {}, "https://b.example.com:8443/mcp": {}}


@pytest.mark.parametrize(
    ("origin", "identifier"),
    [
        ("https://a.example.com", "https://a.example.com/mcp"),
        ("https://A.example.com:443", "https://a.example.com/mcp"),
        ("http://a.example.com", "https://a.example.com/mcp"),
        ("https://b.example.com:8443", "https://b.example.com:8443/mcp"),
        ("https://b.example.com", None),
        ("https://c.example.com", None),
    ],
)
def test_host_decides_between_resources_that_share_a_path(settings, site_at, origin, identifier):
    settings.MCP_RESOURCES = TWO_HOSTS
    site = site_at(origin)
    assert find(site, "/mcp") == identifier
    assert not site.is_pinned


def test_disabled_resource_is_not_found(settings, site_at):
    settings.MCP_RESOURCES = {**TWO_HOSTS, "https://a.example.com/mcp": {"enabled": False}}
    site = site_at("https://a.example.com")
    assert find(site, "/mcp") == "https://b.example.com:8443/mcp"
    assert site.is_pinned


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("tenant=7", "https://app.example.com/mcp?tenant=7"),
        ("tenant=8", "https://app.example.com/mcp"),
        ("", "https://app.example.com/mcp"),
    ],
)
def test_query_selects_a_resource(settings, site, query, identifier):
    settings.MCP_RESOURCES = {"/mcp": {}, "/mcp?tenant=7": {}}
    assert find(site, "/mcp", query) == identifier


def test_resource_with_a_query_does_not_answer_without_it(settings, site):
    settings.MCP_RESOURCES = {"/mcp?tenant=7": {}}
    assert find(site, "/mcp") is None
