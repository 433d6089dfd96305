"""Authorization server metadata from the settings and the published keys."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.discovery import documents
from tests.keys import DAY, NOW, broken_database, make_key, statements
from tests.refusals import refused

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

ISSUER = "https://id.example.com/t1"


@pytest.fixture(autouse=True)
def _pinned(settings):
    settings.MCP_ISSUER = ISSUER


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
    members = {"grant_types_supported": ["authorization_code"], "x": {"y": False}}
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
