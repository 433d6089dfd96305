from __future__ import annotations

import ast
import datetime
import re
from types import MappingProxyType

import pytest
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.standards.member_forms import check_json, check_language_tag, registry_case
from mcp_oauth_discovery.standards.members import (
    AUTHORIZATION_SERVER,
    ENDPOINTS,
    LOCALISABLE,
    PROTECTED_RESOURCE,
    advice,
    check_member,
)
from tests.signing.tokens import encode

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJoIn0.c2lnbmF0dXJl"
TABLES = pytest.mark.parametrize("table", [PROTECTED_RESOURCE, AUTHORIZATION_SERVER])


def test_every_member_of_rfc9728_is_known_but_for_resource():
    assert set(PROTECTED_RESOURCE) == {
        "authorization_servers",
        "jwks_uri",
        "scopes_supported",
        "bearer_methods_supported",
        "resource_signing_alg_values_supported",
        "resource_name",
        "resource_documentation",
        "resource_policy_uri",
        "resource_tos_uri",
        "tls_client_certificate_bound_access_tokens",
        "authorization_details_types_supported",
        "dpop_signing_alg_values_supported",
        "dpop_bound_access_tokens_required",
        "signed_metadata",
    }


def test_members_of_authorization_server_metadata_are_known():
    assert {
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "registration_endpoint",
        "scopes_supported",
        "response_types_supported",
        "response_modes_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "service_documentation",
        "ui_locales_supported",
        "op_policy_uri",
        "op_tos_uri",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "code_challenge_methods_supported",
        "signed_metadata",
        "authorization_response_iss_parameter_supported",
        "protected_resources",
        "client_id_metadata_document_supported",
        "authorization_grant_profiles_supported",
    } <= set(AUTHORIZATION_SERVER)


def test_endpoints_of_the_design_may_be_named_by_pattern():
    assert {
        "authorization_endpoint",
        "token_endpoint",
        "registration_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "jwks_uri",
    } <= ENDPOINTS


@pytest.mark.parametrize("table", [PROTECTED_RESOURCE, AUTHORIZATION_SERVER], ids=["prm", "asm"])
def test_no_known_member_is_a_number(table):
    for name in table:
        with pytest.raises(ValueError, match=r"expected|is not one of|not one scope"):
            check_member(table, name, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization_servers", ["https://h", "https://h/t1/"]),
        ("jwks_uri", "https://h/keys?v=1"),
        ("scopes_supported", ["mcp", "files:read", "https://h/scope#x!"]),
        ("scopes_supported", ("mcp",)),
        ("bearer_methods_supported", ["header", "body", "query"]),
        ("resource_signing_alg_values_supported", ["RS256"]),
        ("resource_name", "Ablage der Bücherei"),
        ("resource_documentation", "http://docs.example.com/#mcp"),
        ("resource_policy_uri", "https://h/policy"),
        ("resource_tos_uri", "https://h/terms"),
        ("tls_client_certificate_bound_access_tokens", True),
        ("authorization_details_types_supported", ["payment"]),
        ("dpop_signing_alg_values_supported", ["ES256"]),
        ("dpop_bound_access_tokens_required", False),
        ("signed_metadata", JWT),
    ],
)
def test_fitting_resource_member(name, value):
    check_member(PROTECTED_RESOURCE, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("revocation_endpoint", "https://h/revoke?v=1"),
        ("response_types_supported", ["code", "code id_token"]),
        ("userinfo_signing_alg_values_supported", ["none", "RS256"]),
        ("protected_resources", ["https://h/mcp?tenant=7"]),
        ("mtls_endpoint_aliases", {"token_endpoint": "https://mtls.h/token"}),
        ("client_id_metadata_document_supported", True),
        ("ui_locales_supported", ["en", "fr-ca", "zh-Hant-TW"]),
        ("dpop_signing_alg_values_supported", ["ES256", "EdDSA"]),
        ("authorization_grant_profiles_supported", ["urn:ietf:params:oauth:grant-profile:id-jag"]),
    ],
)
def test_fitting_server_member(name, value):
    check_member(AUTHORIZATION_SERVER, name, value)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("authorization_servers", "https://h", "expected a list of strings, not str"),
        ("authorization_servers", ["https://h?x"], "query"),
        ("authorization_servers", ["https://h/.well-known/x"], "metadata document"),
        ("authorization_servers", ["https://h", ""], "empty string in the list"),
        ("jwks_uri", "http://h/keys", "loopback"),
        ("scopes_supported", "mcp", "expected a list of strings, not str"),
        ("scopes_supported", {"mcp"}, "not set"),
        ("scopes_supported", ["mcp read"], "not one scope"),
        ("scopes_supported", ['"mcp"'], "not one scope"),
        ("scopes_supported", ["a\\b"], "not one scope"),
        ("scopes_supported", ["mcp\n"], "not one scope"),
        ("scopes_supported", ["mçp"], "not one scope"),
        ("scopes_supported", ["mcp", ""], "empty string in the list"),
        ("bearer_methods_supported", ["header", "cookie"], "'cookie' is not one of 'header'"),
        ("resource_signing_alg_values_supported", ["None"], "never allowed"),
        ("bearer_methods_supported", ["query"], "in the header"),
        ("dpop_signing_alg_values_supported", ["none"], "never allowed"),
        ("dpop_signing_alg_values_supported", ["HS256"], "asymmetric"),
        ("resource_name", ["Files"], "expected a string, not list"),
        ("resource_documentation", "/docs", "with scheme and host"),
        ("resource_policy_uri", "/policy", "with scheme and host"),
        ("resource_tos_uri", "terms", "with scheme and host"),
        ("tls_client_certificate_bound_access_tokens", "true", "expected True or False"),
        ("dpop_bound_access_tokens_required", "true", "expected True or False, not 'true'"),
        ("dpop_bound_access_tokens_required", 1, "expected True or False, not 1"),
        ("authorization_details_types_supported", ["pay", 1], "expected a string, not int"),
        ("signed_metadata", "a.b", "three parts between dots"),
        ("signed_metadata", JWT + "\n", "three parts between dots"),
    ],
)
def test_unfitting_resource_member(name, value, problem):
    with pytest.raises(ValueError, match=problem):
        check_member(PROTECTED_RESOURCE, name, value)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        *(
            (f"{endpoint}_endpoint_auth_signing_alg_values_supported", ["NONE"], "never allowed")
            for endpoint in ("token", "revocation", "introspection")
        ),
        ("op_policy_uri", "/policy", "with scheme and host"),
        ("op_tos_uri", "terms", "with scheme and host"),
        ("authorization_response_iss_parameter_supported", "true", "expected True or False"),
        ("protected_resources", ["https://h/mcp#x"], "fragment"),
        ("dpop_signing_alg_values_supported", ["ES256", "HS512"], "asymmetric"),
        ("dpop_signing_alg_values_supported", ["ES256", "none"], "never allowed"),
        ("ui_locales_supported", ["not a tag!"], "not a language tag"),
        ("claims_locales_supported", ["en", "f"], "not a language tag"),
        ("mtls_endpoint_aliases", "https://h", "expected a dict, not str"),
        ("mtls_endpoint_aliases", MappingProxyType({"x": "y"}), "not mappingproxy"),
        ("service_documentation", "ftp://h/docs", "https scheme"),
        ("client_id_metadata_document_supported", "true", "expected True or False, not 'true'"),
        ("authorization_grant_profiles_supported", "id-jag", "expected a list of strings"),
    ],
)
def test_unfitting_server_member(name, value, problem):
    with pytest.raises(ValueError, match=problem):
        check_member(AUTHORIZATION_SERVER, name, value)


def unverified_jwt(header, claims):
    return ".".join([encode(header), encode(claims), "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    ("header", "claims", "problem"),
    [
        ({"alg": "None"}, {"iss": "h"}, "never allowed"),
        ({}, {"iss": "h"}, "no alg"),
        ({"alg": 7}, {"iss": "h"}, "no alg"),
        ({"alg": "RS256"}, {}, "no iss"),
        ({"alg": "RS256"}, {"iss": ""}, "no iss"),
        ({"alg": "RS256"}, {"iss": ["h"]}, "no iss"),
        ({"alg": "RS256"}, {"iss": "h", "signed_metadata": JWT}, "contains signed_metadata"),
        ([], {"iss": "h"}, "three parts between dots"),
        ({"alg": "RS256"}, [], "three parts between dots"),
    ],
)
@TABLES
def test_signed_metadata_of_a_project_follows_the_rules(table, header, claims, problem):
    with pytest.raises(ValueError, match=problem):
        check_member(table, "signed_metadata", unverified_jwt(header, claims))


def test_unknown_member_may_be_anything_that_json_carries():
    value = {"a": [1, 2.5, False, True, "ü", ("t",)], "b": {"c": 0}}
    check_member(PROTECTED_RESOURCE, "x-anything", value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param(float("nan"), "JSON has no nan", id="nan"),
        pytest.param([float("-inf")], "JSON has no -inf", id="infinity"),
        pytest.param({"mcp"}, "not set", id="set"),
        pytest.param({"a": [b"x"]}, "not bytes", id="bytes"),
        pytest.param(gettext_lazy("Files"), "not __proxy__", id="lazy-translation"),
        pytest.param({7: "x"}, "expected a string, not int", id="key"),
        pytest.param("\ud800", "lone surrogates", id="surrogate"),
        pytest.param({"\udfff": 1}, "lone surrogates", id="surrogate-in-key"),
        pytest.param(datetime.timedelta(1), "not timedelta", id="object"),
        pytest.param(MappingProxyType({}), "not mappingproxy", id="mapping"),
    ],
)
def test_value_that_json_cannot_carry(value, problem):
    with pytest.raises(ValueError, match=problem):
        check_json(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**5000], ids=["above", "below", "huge"])
def test_number_that_clients_read_in_different_ways_is_refused(number):
    check_json([2**53 - 1, 1 - 2**53, True])
    with pytest.raises(ValueError, match="at most 9007199254740991"):
        check_json({"a": [number]})


def test_value_of_too_many_levels_is_refused():
    endless = []
    endless.append({"a": endless})
    with pytest.raises(ValueError, match="at most 50 lists and dicts inside of each other"):
        check_json(endless)


@pytest.mark.parametrize("empty", [None, "", [], ()], ids=repr)
@pytest.mark.parametrize("table", [PROTECTED_RESOURCE, AUTHORIZATION_SERVER], ids=["prm", "asm"])
def test_empty_value_inside_of_a_member_is_refused(table, empty):
    for value in ([empty], {"a": empty}, {"a": [{"b": (1, empty)}]}):
        with pytest.raises(ValueError, match="empty value inside of a member"):
            check_member(table, "x_own", value)


@pytest.mark.parametrize("table", [PROTECTED_RESOURCE, AUTHORIZATION_SERVER], ids=["prm", "asm"])
def test_empty_object_inside_of_a_member_is_accepted(table):
    # OpenID4VP §10.1: a format without parameters.
    check_member(table, "vp_formats_supported", {"mso_mdoc": {}})


@pytest.mark.parametrize(
    ("name", "problem"),
    [(7, "name as a string, not 7"), ("\ud800", "lone surrogates")],
    ids=["number", "surrogate"],
)
def test_unfitting_name_of_a_member(name, problem):
    with pytest.raises(ValueError, match=problem):
        check_member(PROTECTED_RESOURCE, name, "x")


@pytest.mark.parametrize("name", sorted(LOCALISABLE))
def test_localisable_member_is_checked_in_every_language(name):
    with pytest.raises(ValueError, match="expected"):
        check_member(PROTECTED_RESOURCE, f"{name}#fr", 7)


@pytest.mark.parametrize("tag", ["fr_CA", "", "1fr", "français", "fr-", "fr\n"])
def test_language_of_a_member_is_a_tag(tag):
    with pytest.raises(ValueError, match="is not a language tag"):
        check_member(PROTECTED_RESOURCE, f"resource_name#{tag}", "Dossiers")


def test_member_that_is_not_for_people_has_no_languages():
    check_member(PROTECTED_RESOURCE, "scopes_supported#not a tag", "anything")


def test_member_of_the_other_document_has_no_languages():
    check_member(AUTHORIZATION_SERVER, "resource_name#not a tag", "anything")


@pytest.mark.parametrize(
    "tag",
    [
        "fr",
        "fr-CA",
        "zh-Hant",
        "zh-Hant-TW",
        "sl-rozaj",
        "de-CH-1996",
        "es-419",
        "en-CA-x-ca",
        "az-Latn-x-latn",
        "de-u-co-phonebk",
    ],
)
def test_tag_in_the_case_of_the_registry(tag):
    check_language_tag(tag)
    assert registry_case(tag.swapcase()) == tag


@pytest.mark.parametrize(
    ("tag", "spelling"), [("FR", "fr"), ("fr-ca", "fr-CA"), ("ZH-hant-tw", "zh-Hant-TW")]
)
def test_second_spelling_of_a_tag_is_refused(tag, spelling):
    with pytest.raises(ValueError, match=f"write the language tag '{tag}' as '{spelling}'"):
        check_language_tag(tag)


@TABLES
def test_every_known_member_has_an_example_to_write(table):
    for name in table:
        _, example, _ = re.split(
            rf'^Write, for example, "{name}": |, or leave it out\.$', advice(table, name)
        )
        check_member(table, name, ast.literal_eval(example))


def test_example_of_a_list_is_a_list():
    assert '"scopes_supported": ["mcp"]' in advice(PROTECTED_RESOURCE, "scopes_supported")


def test_advice_on_challenge_methods_is_the_one_that_clients_need():
    told = advice(AUTHORIZATION_SERVER, "code_challenge_methods_supported")
    assert '"code_challenge_methods_supported": ["S256"]' in told


@pytest.mark.parametrize("name", ["x-mine", 7])
def test_advice_on_a_member_that_nobody_knows_names_json(name):
    assert "JSON" in advice(PROTECTED_RESOURCE, name)


@pytest.mark.parametrize("aliases", [["https://h"], {"token_endpoint": "javascript:1"}])
def test_alias_that_is_no_https_url_is_refused(aliases):
    with pytest.raises(ValueError, match="expected"):
        check_member(AUTHORIZATION_SERVER, "mtls_endpoint_aliases", aliases)
