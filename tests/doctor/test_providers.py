"""Real outside providers: every finding is true, and there are no others.

The documents have what the providers announce in 2026, in short; keys and names are made up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from mcp_oauth_discovery.doctor.findings import Severity
from tests.doctor.world import KEYS, World, diagnose

RSA = {name: KEYS[0][name] for name in ("kty", "n", "e")}
_FAMILIES = [f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)]
_SECRETS = ["client_secret_basic", "client_secret_post"]


class Provider(NamedTuple):
    """A provider: its documents by URL, and the true findings, if there are any."""

    issuer: str
    documents: dict[str, Any]
    scopes: list[str]
    codes: tuple[str, ...] = ()


def metadata(issuer: str, base: str, **members: Any) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "response_types_supported": ["code", "id_token", "code id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **members,
    }


def entra() -> Provider:
    tenant = "https://login.microsoftonline.com/9c2d"
    issuer = f"{tenant}/v2.0"
    document = metadata(
        issuer,
        f"{tenant}/oauth2/v2.0",
        jwks_uri=f"{tenant}/discovery/v2.0/keys",
        token_endpoint_auth_methods_supported=["private_key_jwt", *_SECRETS],
        response_modes_supported=["query", "fragment", "form_post"],
        subject_types_supported=["pairwise"],
        scopes_supported=["openid", "profile", "email", "offline_access"],
        request_uri_parameter_supported=False,
        userinfo_endpoint="https://graph.microsoft.com/oidc/userinfo",
        device_authorization_endpoint=f"{tenant}/oauth2/v2.0/devicecode",
        http_logout_supported=True,
        frontchannel_logout_supported=True,
        end_session_endpoint=f"{tenant}/oauth2/v2.0/logout",
        kerberos_endpoint=f"{tenant}/kerberos",
        tenant_region_scope="EU",
        cloud_instance_name="microsoftonline.com",
        rbac_url="https://pas.windows.net",
    )
    keys = [{**RSA, "use": "sig", "kid": kid, "x5t": kid, "issuer": issuer} for kid in "ab"]
    documents = {
        f"{issuer}/.well-known/openid-configuration": document,
        f"{tenant}/discovery/v2.0/keys": {"keys": keys},
    }
    codes = ("as-pkce-missing", "as-registration")
    return Provider(issuer, documents, ["api://0a1b/mcp"], codes)


def okta() -> Provider:
    issuer = "https://dev-1.okta.com/oauth2/aus8"
    openid = metadata(
        issuer,
        f"{issuer}/v1",
        registration_endpoint="https://dev-1.okta.com/oauth2/v1/clients",
        jwks_uri=f"{issuer}/v1/keys",
        response_types_supported=["code", "id_token", "code id_token", "code token"],
        grant_types_supported=["authorization_code", "implicit", "refresh_token", "password"],
        scopes_supported=["openid", "profile", "email", "offline_access", "device_sso"],
        token_endpoint_auth_methods_supported=[*_SECRETS, "none"],
        claims_supported=["ver", "jti", "iss", "aud", "iat", "exp", "sub"],
        code_challenge_methods_supported=["S256"],
        request_object_signing_alg_values_supported=["HS256", "RS256", "ES256"],
        introspection_endpoint=f"{issuer}/v1/introspect",
        introspection_endpoint_auth_methods_supported=_SECRETS,
    )
    oauth = {
        name: openid[name]
        for name in openid
        if "id_token" not in name and name not in ("claims_supported", "subject_types_supported")
    }
    oauth["response_types_supported"] = ["code", "token", "code token"]
    oauth["scopes_supported"] = ["offline_access"]
    oauth["token_endpoint_auth_methods_supported"] = ["none", *_SECRETS]
    oauth["introspection_endpoint_auth_methods_supported"] = [*_SECRETS, "none"]
    host, path = "https://dev-1.okta.com/.well-known", "/oauth2/aus8"
    documents = {
        f"{host}/oauth-authorization-server{path}": oauth,
        f"{issuer}/.well-known/openid-configuration": openid,
        f"{issuer}/v1/keys": {"keys": [{**RSA, "kid": "o", "use": "sig", "alg": "RS256"}]},
    }
    return Provider(issuer, documents, ["mcp"])


def auth0() -> Provider:
    issuer = "https://tenant.auth0.com/"
    document = metadata(
        issuer,
        "https://tenant.auth0.com",
        registration_endpoint="https://tenant.auth0.com/oidc/register",
        jwks_uri="https://tenant.auth0.com/.well-known/jwks.json",
        mfa_challenge_endpoint="https://tenant.auth0.com/mfa/challenge",
        scopes_supported=["openid", "profile", "offline_access", "email", "phone"],
        code_challenge_methods_supported=["S256", "plain"],
        id_token_signing_alg_values_supported=["HS256", "RS256", "PS256"],
        token_endpoint_auth_methods_supported=[*_SECRETS, "private_key_jwt", "none"],
        token_endpoint_auth_signing_alg_values_supported=["RS256", "RS384", "PS256"],
        request_parameter_supported=False,
        dpop_signing_alg_values_supported=["ES256"],
    )
    key = {**RSA, "use": "sig", "alg": "RS256", "kid": "a", "x5t": "a", "x5c": ["MIIC"]}
    documents = {
        "https://tenant.auth0.com/.well-known/openid-configuration": document,
        "https://tenant.auth0.com/.well-known/jwks.json": {"keys": [key, {**key, "kid": "b"}]},
    }
    return Provider(issuer, documents, ["read:files", "write:files"])


def cognito() -> Provider:
    issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"
    document = metadata(
        issuer,
        "https://site.auth.eu-west-1.amazoncognito.com/oauth2",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        response_types_supported=["code", "token"],
        scopes_supported=["openid", "email", "phone", "profile"],
        token_endpoint_auth_methods_supported=_SECRETS,
    )
    keys = [{**RSA, "alg": "RS256", "kid": kid, "use": "sig"} for kid in "ab"]
    documents = {
        f"{issuer}/.well-known/openid-configuration": document,
        f"{issuer}/.well-known/jwks.json": {"keys": keys},
    }
    codes = ("as-pkce-missing", "as-registration")
    return Provider(issuer, documents, ["https://app.example.com/mcp/read"], codes)


def keycloak() -> Provider:
    issuer = "https://id.example.net/realms/main"
    base = f"{issuer}/protocol/openid-connect"
    algorithms = [*_FAMILIES, "EdDSA", "HS256", "HS384", "HS512"]
    encryption = ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "ECDH-ES", "ECDH-ES+A256KW"]
    methods = ["private_key_jwt", *_SECRETS, "tls_client_auth", "client_secret_jwt"]
    document = metadata(
        issuer,
        base,
        registration_endpoint=f"{issuer}/clients-registrations/openid-connect",
        introspection_endpoint=f"{base}/token/introspect",
        jwks_uri=f"{base}/certs",
        response_types_supported=["code", "none", "id_token", "token", "code id_token token"],
        subject_types_supported=["public", "pairwise"],
        id_token_signing_alg_values_supported=algorithms,
        id_token_encryption_alg_values_supported=encryption,
        userinfo_signing_alg_values_supported=[*algorithms, "none"],
        request_object_signing_alg_values_supported=[*algorithms, "none"],
        authorization_signing_alg_values_supported=algorithms,
        token_endpoint_auth_methods_supported=methods,
        token_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_signing_alg_values_supported=algorithms,
        scopes_supported=["openid", "offline_access", "basic", "microprofile-jwt", "web-origins"],
        code_challenge_methods_supported=["plain", "S256"],
        tls_client_certificate_bound_access_tokens=True,
        acr_values_supported=["0", "1"],
        mtls_endpoint_aliases={"token_endpoint": f"{base}/token"},
    )
    keys = [
        {**RSA, "kid": "s", "use": "sig", "alg": "RS256", "x5c": ["MIIC"], "x5t#S256": "x"},
        {**RSA, "kid": "e", "use": "enc", "alg": "RSA-OAEP", "x5c": ["MIIC"], "x5t#S256": "y"},
    ]
    documents = {
        f"{issuer}/.well-known/openid-configuration": document,
        f"{base}/certs": {"keys": keys},
    }
    return Provider(issuer, documents, ["mcp:tools"])


def google() -> Provider:
    issuer = "https://accounts.google.com"
    document = metadata(
        issuer,
        "https://oauth2.googleapis.com",
        jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
        response_types_supported=["code", "token", "id_token", "code token", "none"],
        scopes_supported=["openid", "email", "profile"],
        token_endpoint_auth_methods_supported=_SECRETS,
        code_challenge_methods_supported=["plain", "S256"],
        grant_types_supported=["authorization_code", "refresh_token"],
    )
    documents = {f"{issuer}/.well-known/openid-configuration": document}
    codes = ("as-registration", "jwks-elsewhere")
    return Provider(issuer, documents, ["mcp"], codes)


def fusionauth() -> Provider:
    """Its first key is symmetric, and then the JWK Set is empty by design."""
    issuer = "https://auth.example.net"
    document = metadata(
        issuer,
        f"{issuer}/oauth2",
        registration_endpoint=f"{issuer}/oauth2/register",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        id_token_signing_alg_values_supported=["ES256", "HS256", "HS384", "RS256", "RS512"],
        token_endpoint_auth_methods_supported=[*_SECRETS, "none"],
        scopes_supported=["openid", "offline_access"],
        code_challenge_methods_supported=["S256"],
        claims_supported=["aud", "exp", "iat", "iss", "sub"],
    )
    documents = {
        f"{issuer}/.well-known/openid-configuration": document,
        f"{issuer}/.well-known/jwks.json": {"keys": []},
    }
    return Provider(issuer, documents, ["mcp"])


PROVIDERS = (entra, okta, auth0, cognito, keycloak, google, fusionauth)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.__name__)
def test_only_what_is_true_of_a_provider_is_found(provider):
    issuer, documents, scopes, codes = provider()
    world = World()
    world.prm["authorization_servers"] = [issuer]
    world.prm["scopes_supported"] = scopes
    for url, document in documents.items():
        world.json(url, document)
    found = [one for one in diagnose(world) if one.severity is not Severity.PASS]
    assert sorted(one.code for one in found) == sorted(codes), found
