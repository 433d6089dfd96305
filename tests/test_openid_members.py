"""Members of OpenID Connect Discovery, which authorization server metadata may have."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, check_member

ARRAYS = [
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "request_object_signing_alg_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "claims_locales_supported",
    "ui_locales_supported",
]
FLAGS = [
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
]


@pytest.mark.parametrize("name", ARRAYS)
def test_array_is_a_list_of_strings(name):
    check_member(AUTHORIZATION_SERVER, name, ["en"])
    for value in ("en", {"en": True}, [True]):
        with pytest.raises(ValueError, match=r"expected a list of|not bool$|not one scope"):
            check_member(AUTHORIZATION_SERVER, name, value)


@pytest.mark.parametrize("name", FLAGS)
def test_flag_is_true_or_false(name):
    check_member(AUTHORIZATION_SERVER, name, False)
    for value in ("false", 0, ["false"]):
        with pytest.raises(ValueError, match="expected True or False"):
            check_member(AUTHORIZATION_SERVER, name, value)


@pytest.mark.parametrize("algorithm", ["none", "None"])
@pytest.mark.parametrize(
    "name",
    ["id_token_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"],
)
def test_tokens_without_a_signature_are_not_announced(name, algorithm):
    with pytest.raises(ValueError, match="never allowed"):
        check_member(AUTHORIZATION_SERVER, name, ["RS256", algorithm])
