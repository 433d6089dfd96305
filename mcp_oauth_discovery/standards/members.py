"""The members of RFC 9728 and RFC 8414 documents, with a check for each.

Unknown members pass through, if JSON can carry them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from mcp_oauth_discovery.standards.identifiers import check_issuer, check_secure_url, check_url
from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _
from mcp_oauth_discovery.standards.member_forms import (
    Check,
    check_algorithm,
    check_aliases,
    check_bearer_methods,
    check_boolean,
    check_filled,
    check_json,
    check_language,
    check_language_tag,
    check_proof_algorithm,
    check_scope,
    check_signed_metadata,
    check_string,
    list_of,
)

_strings = list_of(check_string)
_scopes = list_of(check_scope)
_algorithms = list_of(check_algorithm)
_issuers = list_of(check_issuer)
_proof_algorithms = list_of(check_proof_algorithm)
_languages = list_of(check_language)
_urls = list_of(check_secure_url)

# RFC 9728 §2.
PROTECTED_RESOURCE: Mapping[str, Check] = {
    "authorization_servers": _issuers,
    "jwks_uri": check_secure_url,
    "scopes_supported": _scopes,
    "bearer_methods_supported": check_bearer_methods,
    "resource_signing_alg_values_supported": _algorithms,
    "resource_name": check_string,
    "resource_documentation": check_url,
    "resource_policy_uri": check_url,
    "resource_tos_uri": check_url,
    "tls_client_certificate_bound_access_tokens": check_boolean,
    "authorization_details_types_supported": _strings,
    "dpop_signing_alg_values_supported": _proof_algorithms,
    "dpop_bound_access_tokens_required": check_boolean,
    "signed_metadata": check_signed_metadata,
}

# RFC 9728 §2.1: members that may have a value for each language.
LOCALISABLE = frozenset(
    {"resource_name", "resource_documentation", "resource_policy_uri", "resource_tos_uri"}
)

# Members whose value may also be a path or the name of a URL pattern.
ENDPOINTS = frozenset(
    {
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
    }
)

# RFC 8414 §2, OpenID Connect Discovery §3 and the registrations of later specifications.
AUTHORIZATION_SERVER: Mapping[str, Check] = {
    **dict.fromkeys(ENDPOINTS, check_secure_url),
    **dict.fromkeys(("service_documentation", "op_policy_uri", "op_tos_uri"), check_url),
    **dict.fromkeys(
        (
            "response_types_supported",
            "response_modes_supported",
            "grant_types_supported",
            "token_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_methods_supported",
            "code_challenge_methods_supported",
            "authorization_details_types_supported",
            "authorization_grant_profiles_supported",
            "subject_types_supported",
            "id_token_encryption_alg_values_supported",
            "id_token_encryption_enc_values_supported",
            "userinfo_signing_alg_values_supported",
            "userinfo_encryption_alg_values_supported",
            "userinfo_encryption_enc_values_supported",
            "request_object_signing_alg_values_supported",
            "request_object_encryption_alg_values_supported",
            "request_object_encryption_enc_values_supported",
            "introspection_signing_alg_values_supported",
            "introspection_encryption_alg_values_supported",
            "introspection_encryption_enc_values_supported",
            "authorization_signing_alg_values_supported",
            "authorization_encryption_alg_values_supported",
            "authorization_encryption_enc_values_supported",
            "backchannel_token_delivery_modes_supported",
            "acr_values_supported",
            "display_values_supported",
            "claim_types_supported",
            "claims_supported",
        ),
        _strings,
    ),
    **dict.fromkeys(
        (
            "id_token_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
            "introspection_endpoint_auth_signing_alg_values_supported",
        ),
        _algorithms,
    ),
    **dict.fromkeys(("ui_locales_supported", "claims_locales_supported"), _languages),
    "dpop_signing_alg_values_supported": _proof_algorithms,
    **dict.fromkeys(
        (
            "authorization_response_iss_parameter_supported",
            "client_id_metadata_document_supported",
            "resource_parameter_supported",
            "tls_client_certificate_bound_access_tokens",
            "require_pushed_authorization_requests",
            "require_signed_request_object",
            "claims_parameter_supported",
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "require_request_uri_registration",
            "frontchannel_logout_supported",
            "frontchannel_logout_session_supported",
            "backchannel_logout_supported",
            "backchannel_logout_session_supported",
        ),
        check_boolean,
    ),
    "scopes_supported": _scopes,
    "protected_resources": _urls,
    "mtls_endpoint_aliases": check_aliases,
    "signed_metadata": check_signed_metadata,
}


# What to write for a member, by its check.
_EXAMPLES: Mapping[Check, str] = {
    check_string: '"Files"',
    check_boolean: "True",
    check_url: '"https://app.example.com/about"',
    check_secure_url: '"https://app.example.com/keys"',
    _strings: '["name"]',
    _scopes: '["mcp"]',
    _algorithms: '["RS256"]',
    _issuers: '["https://login.example.com"]',
    check_bearer_methods: '["header"]',
    _proof_algorithms: '["ES256"]',
    _languages: '["en", "zh-Hant"]',
    _urls: '["https://app.example.com/mcp"]',
    check_aliases: '{"token_endpoint": "https://mtls.example.com/token"}',
    check_signed_metadata: '"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2gifQ.c2lnbmF0dXJl"',
}

# Enterprise-managed authorization (SEP-990): the identity provider of a company asserts the
# identity of a user in a JWT (ID-JAG). A client exchanges it for an access token.
ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
# The grant that each profile belongs to.
GRANTS_OF_PROFILES: Mapping[str, str] = {ID_JAG: "urn:ietf:params:oauth:grant-type:jwt-bearer"}


# Members that projects set often, and whose example may be copied as it is.
_EXAMPLES_BY_NAME = {
    "response_types_supported": '["code"]',
    "grant_types_supported": '["authorization_code", "refresh_token"]',
    "code_challenge_methods_supported": '["S256"]',
    "token_endpoint_auth_methods_supported": '["none", "client_secret_basic"]',
    "authorization_grant_profiles_supported": f'["{ID_JAG}"]',
}


def missing_grants(profiles: Iterable[str], grants: Collection[str]) -> dict[str, str]:
    """Return the known profiles whose grant is not among the grants, each with that grant."""
    return {
        profile: GRANTS_OF_PROFILES[profile]
        for profile in profiles
        if profile in GRANTS_OF_PROFILES and GRANTS_OF_PROFILES[profile] not in grants
    }


def advice(table: Mapping[str, Check], name: object) -> str:
    """Return what to type in place of a value that `check_member` refused."""
    base = name.partition("#")[0] if isinstance(name, str) else ""
    if base not in table:
        return "Write a value that JSON can carry, under a name that is a string, or leave it out."
    example = _EXAMPLES_BY_NAME.get(base) or _EXAMPLES[table[base]]
    return f'Write, for example, "{base}": {example}, or leave it out.'


def check_member(table: Mapping[str, Check], name: object, value: object) -> None:
    """Raise `ValueError` if a member of a document has a name or a value that is not allowed."""
    if not isinstance(name, str):
        raise Problem(_("expected a member name as a string, not %(name)s"), name=repr(name))
    check_string(name)
    base, mark, tag = name.partition("#")
    if mark and base in table and base in LOCALISABLE:
        check_language_tag(tag)
        name = base
    check_json(value)
    if name in table:
        table[name](value)
    check_filled(value)
