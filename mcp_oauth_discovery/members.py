"""The members of RFC 9728 and RFC 8414 documents that the standards know, and their form.

Each check takes a value and returns nothing; it raises `ValueError` saying what was expected.
Members that are in no table are nobody's business but the project's: they pass through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from mcp_oauth_discovery.identifiers import check_issuer, check_secure_url, check_url

Check = Callable[[object], object]

# RFC 6749 §3.3, scope-token.
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+\Z")
# RFC 5646 §2.1, as far as its form can be told without the registry.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


def check_string(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("expected text that UTF-8 can carry, without lone surrogates") from error


def check_boolean(value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"expected True or False, not {value!r}")


def _check_aliases(value: object) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict, not {type(value).__name__}")
    for alias in value.values():
        check_secure_url(alias)


def list_of(check: Check) -> Check:
    """Return the check of a list (or tuple) whose every item passes `check`."""

    def check_list(value: object) -> None:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"expected a list of strings, not {type(value).__name__}")
        for item in value:
            if item == "":
                raise ValueError("an empty string in the list is not allowed")
            check(item)

    return check_list


def _check_scope(value: object) -> None:
    if not isinstance(value, str) or not _SCOPE_TOKEN.match(value):
        raise ValueError(
            f"{value!r} is not one scope: expected visible ASCII without blank, quote or backslash"
        )


def _check_algorithm(value: object) -> None:
    check_string(value)
    if str(value).lower() == "none":
        raise ValueError("'none' is not a signature algorithm and never allowed here")


def _check_proof_algorithm(value: object) -> None:
    _check_algorithm(value)
    # RFC 9449 §4.2: a proof is made with a key that nobody else has.
    if str(value).startswith("HS"):
        raise ValueError(f"{value!r} is symmetric; a DPoP proof needs an asymmetric algorithm")


def _check_bearer_method(value: object) -> None:
    if value not in ("header", "body", "query"):
        raise ValueError(f"{value!r} is not one of 'header', 'body', 'query'")


def _check_bearer_methods(value: object) -> None:
    list_of(_check_bearer_method)(value)
    if isinstance(value, (list, tuple)) and "header" not in value:
        raise ValueError("MCP clients send their tokens in the header, which has to be among these")


def _check_language(value: object) -> None:
    check_string(value)
    if not _LANGUAGE_TAG.match(str(value)):
        raise ValueError(f"{value!r} is not a language tag such as 'fr' or 'zh-Hant'")


def _check_compact_jwt(value: object) -> None:
    if not isinstance(value, str) or not _COMPACT_JWT.match(value):
        raise ValueError("expected a JWT in compact serialisation, three parts between dots")


def check_json(value: object) -> None:
    """Refuse what JSON cannot carry to every client in the same way."""
    if isinstance(value, dict):
        for name, item in value.items():
            check_string(name)
            check_json(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_json(item)
    elif isinstance(value, str):
        check_string(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no {value!r}")
    elif value is not None and not isinstance(value, (bool, int, float)):
        raise ValueError(f"expected a value that JSON can carry, not {type(value).__name__}")


_strings = list_of(check_string)
_scopes = list_of(_check_scope)
_algorithms = list_of(_check_algorithm)
_issuers = list_of(check_issuer)
_proof_algorithms = list_of(_check_proof_algorithm)
_languages = list_of(_check_language)
_urls = list_of(check_secure_url)

# RFC 9728 §2.
PROTECTED_RESOURCE: Mapping[str, Check] = {
    "authorization_servers": _issuers,
    "jwks_uri": check_secure_url,
    "scopes_supported": _scopes,
    "bearer_methods_supported": _check_bearer_methods,
    "resource_signing_alg_values_supported": _algorithms,
    "resource_name": check_string,
    "resource_documentation": check_url,
    "resource_policy_uri": check_url,
    "resource_tos_uri": check_url,
    "tls_client_certificate_bound_access_tokens": check_boolean,
    "authorization_details_types_supported": _strings,
    "dpop_signing_alg_values_supported": _proof_algorithms,
    "dpop_bound_access_tokens_required": check_boolean,
    "signed_metadata": _check_compact_jwt,
}

# RFC 9728 §2.1: the members that may come in several languages.
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
    "mtls_endpoint_aliases": _check_aliases,
    "signed_metadata": _check_compact_jwt,
}


# What to write for a member, by the check that it has to pass.
_EXAMPLES: Mapping[Check, str] = {
    check_string: '"Files"',
    check_boolean: "True",
    check_url: '"https://app.example.com/about"',
    check_secure_url: '"https://app.example.com/keys"',
    _strings: '["name"]',
    _scopes: '["mcp"]',
    _algorithms: '["RS256"]',
    _issuers: '["https://login.example.com"]',
    _check_bearer_methods: '["header"]',
    _proof_algorithms: '["ES256"]',
    _languages: '["en", "zh-Hant"]',
    _urls: '["https://app.example.com/mcp"]',
    _check_aliases: '{"token_endpoint": "https://mtls.example.com/token"}',
    _check_compact_jwt: '"eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl"',
}

# The members of that kind which projects set, and of which a wrong example would be taken over.
_EXAMPLES_BY_NAME = {
    "response_types_supported": '["code"]',
    "grant_types_supported": '["authorization_code", "refresh_token"]',
    "code_challenge_methods_supported": '["S256"]',
    "token_endpoint_auth_methods_supported": '["none", "client_secret_basic"]',
}


def advice(table: Mapping[str, Check], name: object) -> str:
    """Return what to type in place of a value that `check_member` has refused."""
    base = name.partition("#")[0] if isinstance(name, str) else ""
    if base not in table:
        return "Write a value that JSON can carry, under a name that is a string, or leave it out."
    example = _EXAMPLES_BY_NAME.get(base) or _EXAMPLES[table[base]]
    return f'Write, for example, "{base}": {example}, or leave it out.'


def registry_case(tag: str) -> str:
    """Return a language tag in the case of its registry, such as `zh-Hant-TW` (RFC 5646 §2.1.1)."""
    first, *rest = tag.lower().split("-")
    # What follows a singleton, as in en-CA-x-ca, stays in lower case.
    end = next((place for place, part in enumerate(rest) if len(part) == 1), len(rest))
    cases = {4: str.capitalize, 2: str.upper}
    cased = [cases.get(len(part), str.lower)(part) for part in rest[:end]]
    return "-".join([first, *cased, *rest[end:]])


def check_language_tag(tag: str) -> None:
    """Refuse a tag that is not BCP 47, or not in registry case (RFC 9728 §2.1)."""
    _check_language(tag)
    if tag != registry_case(tag):
        raise ValueError(f"write the language tag {tag!r} as {registry_case(tag)!r}")


def check_member(table: Mapping[str, Check], name: object, value: object) -> None:
    """Raise `ValueError` if a member that `table` knows, or any other, has no fitting value."""
    if not isinstance(name, str):
        raise ValueError(f"expected a member name as a string, not {name!r}")
    check_string(name)
    base, mark, tag = name.partition("#")
    if mark and base in table and base in LOCALISABLE:
        check_language_tag(tag)
        name = base
    check_json(value)
    if name in table:
        table[name](value)
