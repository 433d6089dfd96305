from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.discovery import documents
from tests.keys import DAY, NOW, SECOND, TICK, make_key
from tests.refusals import refused

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

ISSUER = "https://id.example.com/t1"


@pytest.fixture(autouse=True)
def _pinned(settings):
    settings.MCP_ISSUER = ISSUER


# Protected Resource Metadata


def test_root_describes_the_default_resource(site):
    assert documents.protected_resource_metadata(site) == {
        "resource": f"{ISSUER}/mcp",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    }


def test_root_and_path_have_the_same_document(site):
    at_path = documents.protected_resource_metadata(site, "/t1/mcp")
    assert at_path == documents.protected_resource_metadata(site)


@pytest.mark.parametrize("path", ["", "/", "/t1", "/mcp", "/t1/mcp/x", "/t1/mcp/"])
def test_there_is_no_resource_document_at_another_path(site, path):
    assert documents.protected_resource_metadata(site, path) is None


def test_root_has_no_document_without_a_default(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    assert documents.protected_resource_metadata(site) is None


def test_origin_as_a_resource_has_the_root_even_if_another_is_the_default(settings, site):
    settings.MCP_RESOURCE = "https://id.example.com/mcp"
    settings.MCP_RESOURCES = {"https://id.example.com": {}}
    document = documents.protected_resource_metadata(site)
    assert document["resource"] == "https://id.example.com"


@pytest.mark.parametrize("path", [None, "/mcp"])
def test_disabled_resource_has_no_document(settings, site, path):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    assert documents.protected_resource_metadata(site, path) is None


def test_root_falls_back_to_the_default_for_any_query(site):
    assert documents.protected_resource_metadata(site, None, "v=1") is not None


def test_common_members_are_in_every_resource(settings, site):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"], "x": {"y": [1]}}
    for path in ("/a", "/b"):
        document = documents.protected_resource_metadata(site, path)
        assert document.items() >= settings.MCP_RESOURCE_METADATA.items()


def test_own_members_win_over_common_ones(settings, site):
    settings.MCP_RESOURCES = {"/a": {"resource_name": "A"}}
    settings.MCP_RESOURCE_METADATA = {"resource_name": "All", "x": 1}
    document = documents.protected_resource_metadata(site, "/a")
    assert (document["resource_name"], document["x"]) == ("A", 1)


@pytest.mark.parametrize("nothing", [None, "", [], ()], ids=repr)
def test_own_member_without_value_takes_a_common_one_out(settings, site, nothing):
    settings.MCP_RESOURCES = {"/a": {"scopes_supported": nothing}}
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"]}
    assert "scopes_supported" not in documents.protected_resource_metadata(site, "/a")


def test_resource_may_have_authorization_servers_of_its_own(settings, site):
    settings.MCP_RESOURCES = {"/a": {"authorization_servers": ["https://other.example.com"]}}
    document = documents.protected_resource_metadata(site, "/a")
    assert document["authorization_servers"] == ["https://other.example.com"]
    assert list(document)[1] == "authorization_servers"


def test_keys_of_a_resource_may_be_named_by_path(settings, site):
    settings.MCP_RESOURCE_METADATA = {"jwks_uri": "/keys.json"}
    document = documents.protected_resource_metadata(site)
    assert document["jwks_uri"] == "https://id.example.com/keys.json"


@pytest.mark.parametrize("name", ["token_endpoint", "end_session_endpoint"])
def test_endpoint_of_the_other_document_is_nothing_special_here(settings, site, name):
    settings.MCP_RESOURCE_METADATA = {name: "/as/it/is"}
    assert documents.protected_resource_metadata(site)[name] == "/as/it/is"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        pytest.param("resource", ISSUER, "'resource' cannot be set here", id="resource"),
        pytest.param("scopes_supported", "mcp", "a list of strings, not str", id="string"),
        pytest.param("authorization_servers", [], "at least one", id="no-servers"),
        pytest.param("authorization_servers", None, "at least one", id="servers-none"),
        pytest.param("bearer_methods_supported", [], "in the header", id="no-methods"),
        pytest.param("bearer_methods_supported", "", "a list of strings, not str", id="empty"),
        pytest.param("x", float("nan"), "JSON has no nan", id="nan"),
        pytest.param("x", {"a": {1}}, "not set", id="set"),
        pytest.param("x", "\ud800", "lone surrogates", id="surrogate"),
        pytest.param("resource_name", gettext_lazy("Files"), "not __proxy__", id="lazy"),
        pytest.param(7, "x", "name as a string, not 7", id="key"),
    ],
)
def test_unfitting_resource_member_is_named(settings, site, name, value, problem):
    settings.MCP_RESOURCE_METADATA = {name: value}
    fault = refused(documents.protected_resource_metadata, site)
    assert fault.setting == "MCP_RESOURCE_METADATA"
    assert repr(name) in str(fault)
    assert problem in str(fault)


@pytest.mark.parametrize(("name", "value"), [("resource", ISSUER), ("x", float("nan"))])
def test_unfitting_member_of_one_resource_is_named(settings, site, name, value):
    settings.MCP_RESOURCES = {"/a": {name: value}}
    fault = refused(documents.protected_resource_metadata, site)
    assert fault.setting == "MCP_RESOURCES"
    assert repr(name) in str(fault)


def test_bearer_methods_may_be_left_out(settings, site):
    settings.MCP_RESOURCE_METADATA = {"bearer_methods_supported": None}
    document = documents.protected_resource_metadata(site)
    assert set(document) == {"resource", "authorization_servers"}


def test_bearer_methods_of_a_server_are_nothing_special(settings, site):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"bearer_methods_supported": []}
    document = documents.authorization_server_metadata(site)
    assert "bearer_methods_supported" not in document


def test_name_in_another_language_is_a_member_beside_the_name(settings, site):
    names = {
        "resource_name": "Files",
        "resource_name#fr-CA": "Dossiers",
        "resource_name#ja": "資料",
    }
    settings.MCP_RESOURCE_METADATA = names
    document = documents.protected_resource_metadata(site)
    assert {name: document[name] for name in document if "resource_name" in name} == names


@pytest.mark.parametrize("value", [None, [], "x", 7], ids=repr)
def test_resource_members_are_a_dict(settings, site, value):
    settings.MCP_RESOURCE_METADATA = value
    fault = refused(documents.protected_resource_metadata, site)
    assert str(fault).startswith(f"MCP_RESOURCE_METADATA is {value!r}: expected a dict")
    assert "MCP_RESOURCE_METADATA = {" in fault.hint


# Keys


def test_jwk_set_is_empty_before_the_first_rotation():
    assert documents.jwk_set(NOW) == {"keys": []}


def test_jwk_set_holds_the_published_keys():
    make_key(revoked_at=NOW)
    keys = sorted([make_key(), make_key(activates_at=NOW + DAY)], key=str)
    assert documents.jwk_set(NOW) == {"keys": [key.published_jwk for key in keys]}


@pytest.mark.parametrize(
    ("ends", "age"),
    [
        pytest.param([], 300, id="no-key"),
        pytest.param([None], 300, id="no-end"),
        pytest.param([NOW + DAY], 300, id="later"),
        pytest.param([NOW + 300 * SECOND], 300, id="just"),
        pytest.param([NOW + 300 * SECOND - TICK], 299, id="just-before"),
        pytest.param([None, NOW + DAY, NOW + 7 * SECOND, NOW + 8 * SECOND], 7, id="next"),
        pytest.param([NOW + TICK], 0, id="now"),
        pytest.param([NOW, NOW - DAY], 300, id="past"),
    ],
)
def test_jwk_set_is_never_cached_past_the_end_of_a_key(ends, age):
    for end in ends:
        make_key(expires_at=end)
    assert documents.jwks_max_age(NOW) == age


def test_jwk_set_is_cached_as_long_as_the_setting_says(settings):
    settings.MCP_JWKS_MAX_AGE = 7
    make_key(expires_at=NOW + 8 * SECOND)
    assert documents.jwks_max_age(NOW) == 7


def test_jwk_set_of_the_present_is_the_default():
    make_key(expires_at=NOW - 3650 * DAY)
    assert documents.jwk_set() == {"keys": []}
    assert documents.jwks_max_age() == 300
