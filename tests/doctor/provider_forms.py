"""The forms in which providers served their documents in 2026; keys and names are made up.

Each provider has the source of its form and the date of the source. What no source shows is left
as a usual server does it.
"""

from __future__ import annotations

from typing import Any

from tests.doctor.providers import Provider, for_none, reflected
from tests.doctor.world import KEYS

RSA = {name: KEYS[0][name] for name in ("kty", "n", "e")}
ED25519 = KEYS[1]
P256 = {
    "kty": "EC",
    "crv": "P-256",
    # RFC 7515, appendix A.3.
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
_FAMILIES = [f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)]
SECRETS = ["client_secret_basic", "client_secret_post"]
CLOUDFLARE = {"Server": "cloudflare", "Set-Cookie": "__cf_bm=x; path=/; HttpOnly; Secure"}


def metadata(issuer: str, base: str, **members: Any) -> dict[str, Any]:
    """Return an openid-configuration with what OpenID requires."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "response_types_supported": ["code", "id_token", "code id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **members,
    }


def signing(**members: Any) -> dict[str, Any]:
    """Return an RSA key as most providers publish it."""
    return {**RSA, "use": "sig", "alg": "RS256", "kid": "a", **members}


def entra() -> Provider:
    """Only the appended address; keys with a certificate and without alg; cookies on everything.

    microsoft/vscode#322126 and anthropics/claude-ai-mcp#786 (June and August 2026); the cookies
    are in answers of the service that its users have published since 2019.
    """
    tenant = "https://login.microsoftonline.com/9c2d"
    issuer = f"{tenant}/v2.0"
    document = metadata(
        issuer,
        f"{tenant}/oauth2/v2.0",
        jwks_uri=f"{tenant}/discovery/v2.0/keys",
        token_endpoint_auth_methods_supported=["private_key_jwt", *SECRETS],
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
    keys = [
        {**RSA, "use": "sig", "kid": kid, "x5t": kid, "x5c": ["MIIC"], "issuer": issuer}
        for kid in "abcdefgh"
    ]
    return Provider(
        "entra",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{tenant}/discovery/v2.0/keys": {"keys": keys},
        },
        ("api://0a1b/mcp",),
        ("as-pkce-missing", "as-registration"),
        headers={"Cache-Control": "max-age=86400, private", "Set-Cookie": "fpc=x; path=/; secure"},
        content_type="application/json; charset=utf-8",
        preflight=(200, {"Access-Control-Allow-Methods": "GET, OPTIONS"}),
        missing=(404, {"Cache-Control": "private", "Set-Cookie": "fpc=x; path=/; secure"}, b""),
    )


def okta() -> Provider:
    """A custom server: both documents, but only at the appended addresses.

    CORS is for the Trusted Origins alone (okta/okta-auth-js#553 and #609; the knowledge base of
    Okta about the two documents, 2026). Its keys are for all origins (okta/okta-oidc-js#337).
    """
    issuer = "https://dev-1.okta.com/oauth2/aus8"
    document = metadata(
        issuer,
        f"{issuer}/v1",
        registration_endpoint="https://dev-1.okta.com/oauth2/v1/clients",
        jwks_uri=f"{issuer}/v1/keys",
        response_types_supported=["code", "id_token", "code id_token", "code token"],
        grant_types_supported=["authorization_code", "implicit", "refresh_token", "password"],
        scopes_supported=["openid", "profile", "email", "offline_access", "device_sso"],
        token_endpoint_auth_methods_supported=[*SECRETS, "none"],
        claims_supported=["ver", "jti", "iss", "aud", "iat", "exp", "sub"],
        code_challenge_methods_supported=["S256"],
        request_object_signing_alg_values_supported=["HS256", "RS256", "ES256"],
        introspection_endpoint=f"{issuer}/v1/introspect",
        introspection_endpoint_auth_methods_supported=SECRETS,
        dpop_signing_alg_values_supported=["RS256", "ES256"],
    )
    return Provider(
        "okta",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{issuer}/v1/keys": {"keys": [signing()]},
        },
        codes=("cors-document",),
        headers={
            "Cache-Control": "max-age=86400, must-revalidate",
            "Set-Cookie": "JSESSIONID=x; Path=/; Secure; HttpOnly",
            "Vary": "Origin",
        },
        cors=for_none,
        preflight=(200, {}),
        missing=(404, {"Content-Type": "application/json"}, {"errorCode": "E0000022"}),
    )


def auth0() -> Provider:
    """The same document at both addresses, with an issuer that ends in a slash.

    Profiles of tenants in api-evangelist (July to September 2026); Auth0 writes about the
    member for client metadata documents in its documentation of 2026.
    """
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
        token_endpoint_auth_methods_supported=[*SECRETS, "private_key_jwt", "none"],
        token_endpoint_auth_signing_alg_values_supported=["RS256", "RS384", "PS256"],
        request_parameter_supported=False,
        dpop_signing_alg_values_supported=["ES256"],
        client_id_metadata_document_supported=True,
    )
    key = signing(x5t="a", x5c=["MIIC"])
    return Provider(
        "auth0",
        issuer,
        {
            "https://tenant.auth0.com/.well-known/openid-configuration": document,
            "https://tenant.auth0.com/.well-known/oauth-authorization-server": document,
            "https://tenant.auth0.com/.well-known/jwks.json": {"keys": [key, {**key, "kid": "b"}]},
        },
        ("read:files", "write:files"),
        headers={
            **CLOUDFLARE,
            "Cache-Control": "public, max-age=15, stale-while-revalidate=15",
            "Vary": "Accept-Encoding, Origin",
        },
        content_type="application/json; charset=utf-8",
        missing=(404, {"Content-Type": "text/html"}, b"<!doctype html><title>Not Found</title>"),
    )


def cognito() -> Provider:
    """The management API has the documents, and answers 400 elsewhere; no PKCE methods.

    anthropics/claude-code#35846 (March 2026), MemberJunction/MJ#4266 (September 2026).
    """
    issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"
    document = metadata(
        issuer,
        "https://site.auth.eu-west-1.amazoncognito.com/oauth2",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        response_types_supported=["code", "token"],
        scopes_supported=["openid", "email", "phone", "profile"],
        token_endpoint_auth_methods_supported=SECRETS,
    )
    keys = [signing(kid=kid) for kid in "ab"]
    refusal = {"code": "BadRequest", "type": "client"}
    return Provider(
        "cognito",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{issuer}/.well-known/jwks.json": {"keys": keys},
        },
        ("https://app.example.com/mcp/read",),
        ("as-pkce-missing", "as-registration"),
        headers={"Cache-Control": "public, max-age=86400"},
        missing=(400, {"Content-Type": "application/json"}, refusal),
    )


def keycloak() -> Provider:
    """A realm: only appended; each origin is allowed by its name, with credentials.

    Its sources (services/cors/DefaultCors.java of 2026), keycloak/keycloak#33434 and #40923.
    """
    issuer = "https://id.example.net/realms/main"
    base = f"{issuer}/protocol/openid-connect"
    algorithms = [*_FAMILIES, "EdDSA", "HS256", "HS384", "HS512"]
    encryption = ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "ECDH-ES", "ECDH-ES+A256KW"]
    methods = ["private_key_jwt", *SECRETS, "tls_client_auth", "client_secret_jwt"]
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
        authorization_response_iss_parameter_supported=True,
        acr_values_supported=["0", "1"],
        mtls_endpoint_aliases={"token_endpoint": f"{base}/token"},
    )
    certificate = {"x5c": ["MIIC"], "x5t#S256": "x"}
    keys = [
        signing(kid="s", **certificate),
        signing(kid="e", use="enc", alg="RSA-OAEP", **certificate),
        {**ED25519, "kid": "d", "alg": "EdDSA"},
    ]
    return Provider(
        "keycloak",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{base}/certs": {"keys": keys},
        },
        ("mcp:tools",),
        headers={"Cache-Control": "no-cache, must-revalidate, no-transform, no-store"},
        content_type="application/json;charset=UTF-8",
        cors=reflected,
        preflight=(
            200,
            {"Access-Control-Allow-Headers": "Origin, Accept, X-Requested-With, Content-Type"},
        ),
        missing=(404, {"Content-Type": "application/json"}, {"error": "Realm does not exist"}),
    )
