from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.metadata import (
    authorization_server_metadata,
    default_authorization_server_members,
    default_resource,
    jwk_set,
    protected_resource_metadata,
)

EMPTY = pytest.mark.parametrize("value", [None, "", [], (), {}], ids=repr)


def server(issuer="https://h", **members):
    defaults = default_authorization_server_members(
        issuer, jwks_uri="https://h/jwks", signing_algorithms=("RS256",)
    )
    return authorization_server_metadata(defaults, members)


@pytest.mark.parametrize(
    ("issuer", "resource"),
    [
        ("https://h", "https://h/mcp"),
        ("https://h/", "https://h/mcp"),
        ("https://h/t1", "https://h/t1/mcp"),
    ],
)
def test_default_resource_is_below_the_issuer(issuer, resource):
    assert default_resource(issuer) == resource


def test_resource_document_has_the_required_members_first():
    document = protected_resource_metadata("https://h/mcp", ["https://h"], {"a": 1})
    assert list(document) == ["resource", "authorization_servers", "bearer_methods_supported", "a"]


def test_one_authorization_server_is_a_list_all_the_same():
    document = protected_resource_metadata("https://h/mcp", ("https://h",), {})
    assert document["authorization_servers"] == ["https://h"]


def test_member_replaces_a_default_of_the_resource_in_its_place():
    members = {"bearer_methods_supported": ["header", "body"], "resource_name": "Files"}
    document = protected_resource_metadata("https://h/mcp", ["https://h"], members)
    assert list(document.items())[2:] == list(members.items())


@EMPTY
def test_resource_member_without_value_is_left_out(value):
    members = {"resource_name": value, "bearer_methods_supported": value}
    document = protected_resource_metadata("https://h/mcp", ["https://h"], members)
    assert list(document) == ["resource", "authorization_servers"]


@pytest.mark.parametrize("value", [False, 0, "0", [None], {"a": None}], ids=repr)
def test_value_that_is_falsy_or_nested_is_kept(value):
    document = protected_resource_metadata("https://h/mcp", ["https://h"], {"x": value})
    assert document["x"] is value


@pytest.mark.parametrize("issuer", ["https://h/t1", "https://h/t1/"])
def test_default_endpoints_are_below_the_issuer(issuer):
    document = server(issuer)
    assert document["issuer"] == issuer
    assert document["token_endpoint"] == "https://h/t1/oauth/mcp/token"


def test_signing_algorithms_are_a_list():
    assert server()["id_token_signing_alg_values_supported"] == ["RS256"]


def test_member_replaces_a_default_of_the_server_in_its_place():
    document = server(registration_endpoint="https://h/r", x=1)
    assert list(document)[3] == "registration_endpoint"
    assert document["registration_endpoint"] == "https://h/r"
    assert list(document)[-1] == "x"


@EMPTY
@pytest.mark.parametrize("name", ["registration_endpoint", "resource_parameter_supported"])
def test_server_member_without_value_is_removed(name, value):
    assert name in server()
    assert name not in server(**{name: value})


def test_default_without_value_is_left_out():
    assert "jwks_uri" not in server(jwks_uri=None)


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "response_types_supported"]
)
@pytest.mark.parametrize("grants", [None, ["authorization_code"], ["authorization_code", "x"]])
def test_member_that_a_grant_needs_cannot_be_removed(name, grants):
    with pytest.raises(ValueError, match=f"^{name} "):
        server(**{name: None, "grant_types_supported": grants})


def test_server_of_client_credentials_only_needs_the_token_endpoint_alone():
    document = server(
        grant_types_supported=["client_credentials"],
        authorization_endpoint=None,
        response_types_supported=[],
    )
    assert "authorization_endpoint" not in document
    assert "response_types_supported" not in document


def test_server_of_client_credentials_only_needs_the_token_endpoint():
    with pytest.raises(ValueError, match="token_endpoint"):
        server(grant_types_supported=["client_credentials"], token_endpoint=None)


def test_implicit_server_needs_no_token_endpoint():
    document = server(grant_types_supported=["implicit"], token_endpoint=None)
    assert "token_endpoint" not in document


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_client_authentication_by_jwt_needs_algorithms(endpoint, method):
    with pytest.raises(ValueError, match=f"^{endpoint}_endpoint_auth_signing_alg_values_supp"):
        server(**{f"{endpoint}_endpoint_auth_methods_supported": ["none", method]})


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_client_authentication_by_jwt_with_algorithms(endpoint):
    members = {
        f"{endpoint}_endpoint_auth_methods_supported": ["private_key_jwt"],
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": ["RS256"],
    }
    assert server(**members).items() >= members.items()


def test_empty_jwk_set_still_has_keys():
    assert jwk_set(()) == {"keys": []}


def test_keys_stand_in_the_set_in_their_order():
    keys = [{"kid": "b"}, {"kid": "a"}]
    assert jwk_set(iter(keys)) == {"keys": keys}
