from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.discovery import documents
from tests.keys import DAY, NOW, SECOND, TICK, broken_database, make_key, statements

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

ISSUER = "https://id.example.com/t1"


@pytest.fixture(autouse=True)
def _pinned(settings):
    settings.MCP_ISSUER = ISSUER


def refused(function, *args):
    with pytest.raises(Misconfigured) as caught:
        function(*args)
    return caught.value


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


@pytest.mark.parametrize("value", [None, [], "x", 7], ids=repr)
def test_resource_members_are_a_dict(settings, site, value):
    settings.MCP_RESOURCE_METADATA = value
    fault = refused(documents.protected_resource_metadata, site)
    assert str(fault).startswith(f"MCP_RESOURCE_METADATA is {value!r}: expected a dict")
    assert "MCP_RESOURCE_METADATA = {" in fault.hint


# Authorization Server Metadata


def server(site, settings, **members):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = members
    return documents.authorization_server_metadata(site)


def test_defaults_are_joined_to_the_issuer(site):
    document = documents.authorization_server_metadata(site)
    assert document["issuer"] == ISSUER
    assert document["authorization_endpoint"] == f"{ISSUER}/oauth/mcp/authorize"
    assert document["token_endpoint"] == f"{ISSUER}/oauth/mcp/token"
    assert document["registration_endpoint"] == f"{ISSUER}/oauth/mcp/register"


def test_keys_are_at_the_origin_of_the_issuer(site):
    document = documents.authorization_server_metadata(site)
    assert document["jwks_uri"] == "https://id.example.com/.well-known/jwks.json"


def test_issuer_with_path_is_served_at_its_path_and_at_the_root(site):
    at_path = documents.authorization_server_metadata(site, "/t1")
    assert at_path == documents.authorization_server_metadata(site)


@pytest.mark.parametrize("path", ["", "/", "/t2", "/t1/", "/t1/x"])
def test_there_is_no_server_document_at_another_path(site, path):
    assert documents.authorization_server_metadata(site, path) is None


def test_site_that_is_no_authorization_server_has_no_document(settings, site):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert documents.authorization_server_metadata(site) is None
    resource = documents.protected_resource_metadata(site)
    assert resource["authorization_servers"] == ["https://login.example.com"]


def test_server_member_replaces_adds_and_removes(settings, site):
    default = documents.authorization_server_metadata(site)
    members = {"grant_types_supported": ["authorization_code"], "x": {"y": None}}
    document = server(site, settings, registration_endpoint=None, **members)
    del default["registration_endpoint"]
    assert document == {**default, **members}


ENDPOINTS = [
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "backchannel_authentication_endpoint",
    "end_session_endpoint",
    "check_session_iframe",
]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_endpoint_may_be_named_by_its_pattern(settings, site, name):
    document = server(site, settings, **{name: "oauth2_provider:token"})
    assert document[name] == "https://id.example.com/o/token/"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        pytest.param("https://Login.example.com/t", "https://Login.example.com/t", id="url"),
        pytest.param("http://localhost:8000/t", "http://localhost:8000/t", id="loopback-url"),
        pytest.param("/o/token/?v=1", "https://id.example.com/o/token/?v=1", id="path"),
        pytest.param("page", "https://id.example.com/page/", id="plain-pattern"),
    ],
)
def test_endpoint_is_a_url_a_path_or_a_pattern(settings, site, value, url):
    assert server(site, settings, token_endpoint=value)["token_endpoint"] == url


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param("oauth2_provider:tokn", "'tokn' is not a valid", id="no-pattern"),
        pytest.param("oauth2:token", "'oauth2' is not a registered namespace", id="no-namespace"),
        pytest.param("oauth2_provider:client", "no URL pattern without arguments", id="arguments"),
        pytest.param("o/token/", "no URL pattern without arguments", id="relative"),
        pytest.param("//evil.example.com/token", "with scheme and host", id="scheme-relative"),
        pytest.param("http://app.example.com/token", "loopback hosts only", id="http"),
        pytest.param("ftp://app.example.com/token", "https scheme", id="ftp"),
        pytest.param("https://h/token#x", "fragment", id="fragment"),
        pytest.param("/token#x", "fragment", id="fragment-in-path"),
        pytest.param("/to ken", "cannot contain ' '", id="blank-in-path"),
        pytest.param(7, "expected a string, not int", id="number"),
        pytest.param(["page"], "expected a string, not list", id="list"),
        pytest.param(gettext_lazy("page"), "expected a string, not __proxy__", id="lazy"),
    ],
)
def test_unfitting_endpoint_is_named(settings, site, value, problem):
    fault = refused(lambda: server(site, settings, token_endpoint=value))
    assert fault.setting == "MCP_AUTHORIZATION_SERVER_METADATA"
    assert f"['token_endpoint'] is {value!r}: " in str(fault)
    assert problem in str(fault)
    assert "or the name of a URL pattern" in fault.hint


def test_project_without_our_urls_may_name_its_own_keys(settings, site):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    document = server(site, settings, jwks_uri="/keys.json")
    assert document["jwks_uri"] == "https://id.example.com/keys.json"


def test_project_without_our_urls_may_have_no_keys(settings, site):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    assert "jwks_uri" not in server(site, settings, jwks_uri=None)


def test_project_without_our_urls_is_told_to_include_them(settings, site):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    fault = refused(documents.authorization_server_metadata, site)
    assert fault.setting == "ROOT_URLCONF"
    assert 'path("", include("mcp_oauth_discovery.urls"))' in fault.hint


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        pytest.param("issuer", ISSUER, "'issuer' cannot be set here", id="issuer"),
        pytest.param("issuer", None, "'issuer' cannot be set here", id="issuer-none"),
        pytest.param("token_endpoint", None, "cannot be left out", id="token"),
        pytest.param("authorization_endpoint", "", "cannot be left out", id="authorization"),
        pytest.param("response_types_supported", [], "cannot be left out", id="response-types"),
        pytest.param("grant_types_supported", "code", "a list of strings, not str", id="string"),
        pytest.param("x", float("inf"), "JSON has no inf", id="infinity"),
        pytest.param("x", {"a": {1}}, "not set", id="set"),
        pytest.param("x", "\ud800", "lone surrogates", id="surrogate"),
        pytest.param("op_policy_uri", gettext_lazy("/p"), "not __proxy__", id="lazy"),
        pytest.param(7, "x", "name as a string, not 7", id="key"),
    ],
)
def test_unfitting_server_member_is_named(settings, site, name, value, problem):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {name: value}
    fault = refused(documents.authorization_server_metadata, site)
    assert fault.setting == "MCP_AUTHORIZATION_SERVER_METADATA"
    assert str(name) in str(fault)
    assert problem in str(fault)


@pytest.mark.parametrize("value", [None, [], "x", 7], ids=repr)
def test_server_members_are_a_dict(settings, site, value):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = value
    fault = refused(documents.authorization_server_metadata, site)
    assert "expected a dict of members" in fault.problem


# Algorithms


def test_signing_algorithms_are_advertised(settings, site):
    settings.MCP_SIGNING_ALGORITHMS = ("ES256", "RS256")
    document = documents.authorization_server_metadata(site)
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


@pytest.fixture
def advertised(settings, site):
    """Return what the AS metadata says is signed with, when ES256 is what is configured."""
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    return lambda: documents.authorization_server_metadata(site)[
        "id_token_signing_alg_values_supported"
    ]


def test_algorithms_of_other_published_keys_are_advertised_last(advertised):
    for algorithm in ("RS256", "EdDSA", "ES256", "EdDSA"):
        make_key(algorithm)
    assert advertised() == ["ES256", "EdDSA", "RS256"]


@pytest.mark.parametrize("end", ["expires_at", "revoked_at"])
def test_algorithm_of_a_key_that_is_gone_is_not_advertised(advertised, end):
    make_key("EdDSA", **{end: NOW - 3650 * DAY})
    assert advertised() == ["ES256"]


def test_document_survives_a_dead_database(advertised, caplog):
    with broken_database():
        assert advertised() == ["ES256"]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "ERROR")
    assert "advertising MCP_SIGNING_ALGORITHMS only" in record.getMessage()
    assert record.exc_info


def test_traceback_of_a_dead_database_is_logged_once_a_minute(advertised, caplog):
    with broken_database():
        assert [advertised() for _ in range(9)] == [["ES256"]] * 9
    assert len(caplog.records) == 1


def test_keys_are_not_read_where_the_metadata_leave_the_jwk_set_out(settings, site):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": None}
    with statements() as seen:
        document = documents.authorization_server_metadata(site)
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "EdDSA"]
    assert seen == []


@pytest.mark.parametrize(("value", "shown"), [(["RS256"], ["RS256"]), (None, None)])
def test_keys_are_not_read_for_a_member_that_the_settings_name(settings, site, value, shown):
    name = "id_token_signing_alg_values_supported"
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {name: value}
    with statements() as seen:
        document = documents.authorization_server_metadata(site)
    assert (document.get(name), seen) == (shown, [])


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
