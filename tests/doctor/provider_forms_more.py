"""More providers in the same way, and all of them by name."""

from __future__ import annotations

from tests.doctor import provider_forms
from tests.doctor.provider_forms import CLOUDFLARE, P256, SECRETS, metadata, signing
from tests.doctor.providers import Provider, reflected

_NOT_FOUND = (404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n")


def google() -> Provider:
    """One document, keys on another host, and clients are registered by hand.

    Google's guide to OpenID Connect (2026).
    """
    issuer = "https://accounts.google.com"
    document = metadata(
        issuer,
        "https://oauth2.googleapis.com",
        jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
        response_types_supported=["code", "token", "id_token", "code token", "none"],
        scopes_supported=["openid", "email", "profile"],
        token_endpoint_auth_methods_supported=SECRETS,
        code_challenge_methods_supported=["plain", "S256"],
        grant_types_supported=["authorization_code", "refresh_token"],
    )
    return Provider(
        "google",
        issuer,
        {f"{issuer}/.well-known/openid-configuration": document},
        codes=("as-registration", "jwks-elsewhere"),
        headers={"Cache-Control": "public, max-age=3600", "Vary": "Sec-Fetch-Dest"},
        preflight=(405, {"Allow": "GET, HEAD"}),
        missing=(404, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Error 404</title>"),
    )


def ory() -> Provider:
    """Both documents at the root, one with more members (ory/docs#2324, 2025)."""
    issuer = "https://slug.projects.oryapis.com"
    openid = metadata(
        issuer,
        f"{issuer}/oauth2",
        authorization_endpoint=f"{issuer}/oauth2/auth",
        registration_endpoint=f"{issuer}/oauth2/register",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        revocation_endpoint=f"{issuer}/oauth2/revoke",
        subject_types_supported=["public", "pairwise"],
        scopes_supported=["openid", "offline_access", "profile", "email"],
        grant_types_supported=["authorization_code", "implicit", "refresh_token"],
        token_endpoint_auth_methods_supported=[*SECRETS, "private_key_jwt", "none"],
        code_challenge_methods_supported=["plain", "S256"],
    )
    oauth = {**openid, "introspection_endpoint": f"{issuer}/oauth2/introspect"}
    del oauth["subject_types_supported"], oauth["id_token_signing_alg_values_supported"]
    return Provider(
        "ory",
        issuer,
        {
            f"{issuer}/.well-known/oauth-authorization-server": oauth,
            f"{issuer}/.well-known/openid-configuration": openid,
            f"{issuer}/.well-known/jwks.json": {"keys": [signing(kid="2b6e-9f0c")]},
        },
        # The OAuth document has private_key_jwt without its algorithms.
        codes=("as-jwt-algorithms",),
        headers={**CLOUDFLARE, "Cache-Control": "private, no-cache, no-store, must-revalidate"},
        content_type="application/json; charset=utf-8",
        missing=_NOT_FOUND,
    )


def workos() -> Provider:
    """One OAuth document without anything of OpenID.

    WorkOS' documentation of AuthKit, and its own server as recorded in September 2026.
    """
    issuer = "https://name-01.authkit.app"
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "registration_endpoint": f"{issuer}/oauth2/register",
        "introspection_endpoint": f"{issuer}/oauth2/introspection",
        "device_authorization_endpoint": f"{issuer}/oauth2/device_authorization",
        "jwks_uri": f"{issuer}/oauth2/jwks",
        "client_id_metadata_document_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": ["email", "offline_access", "openid", "profile"],
        "response_modes_supported": ["query"],
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["none", *SECRETS],
        "agent_auth": {"identity_types_supported": ["service_auth"]},
    }
    return Provider(
        "workos",
        issuer,
        {
            f"{issuer}/.well-known/oauth-authorization-server": document,
            f"{issuer}/oauth2/jwks": {"keys": [signing(x5c=["MIIC"], **{"x5t#S256": "x"})]},
        },
        headers={**CLOUDFLARE, "Cache-Control": "public, max-age=3600"},
        missing=(404, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>404</title>"),
    )


def clerk() -> Provider:
    """The same members in both documents (metadata of instances as published, May 2026)."""
    issuer = "https://happy-dog-1.clerk.accounts.dev"
    document = metadata(
        issuer,
        f"{issuer}/oauth",
        revocation_endpoint=f"{issuer}/oauth/token/revoke",
        registration_endpoint=f"{issuer}/oauth/register",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "none", "client_secret_post"],
        scopes_supported=["openid", "profile", "email", "public_metadata", "offline_access"],
        claims_supported=["sub", "iss", "aud", "exp", "iat", "email", "name"],
        service_documentation="https://clerk.com/docs/oauth/scoped-access",
        ui_locales_supported=["en"],
        op_tos_uri="https://clerk.com/legal/standard-terms",
        code_challenge_methods_supported=["S256"],
        client_id_metadata_document_supported=True,
    )
    return Provider(
        "clerk",
        issuer,
        {
            f"{issuer}/.well-known/oauth-authorization-server": document,
            f"{issuer}/.well-known/openid-configuration": document,
            f"{issuer}/.well-known/jwks.json": {"keys": [signing(kid="ins_2x")]},
        },
        ("public_metadata",),
        headers={**CLOUDFLARE, "Cache-Control": "public, max-age=3600"},
        missing=(404, {"Content-Type": "application/json"}, {"errors": [{"code": "not_found"}]}),
    )


def supabase() -> Provider:
    """An issuer with a path: OAuth inserted, OpenID appended; ES256.

    Supabase's guide to its OAuth server, and supabase/auth (2026).
    """
    project = "https://ref.supabase.co"
    issuer = f"{project}/auth/v1"
    document = metadata(
        issuer,
        f"{issuer}/oauth",
        registration_endpoint=f"{issuer}/oauth/clients/register",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        userinfo_endpoint=f"{issuer}/oauth/userinfo",
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code", "refresh_token"],
        id_token_signing_alg_values_supported=["RS256", "HS256", "ES256"],
        token_endpoint_auth_methods_supported=[*SECRETS, "none"],
        claims_supported=["sub", "aud", "iss", "exp", "iat", "email"],
        code_challenge_methods_supported=["S256", "plain"],
        scopes_supported=["openid", "profile", "email", "phone", "offline_access"],
    )
    key = {**P256, "alg": "ES256", "ext": True, "key_ops": ["verify"], "kid": "b1", "use": "sig"}
    return Provider(
        "supabase",
        issuer,
        {
            f"{project}/.well-known/oauth-authorization-server/auth/v1": document,
            f"{issuer}/.well-known/openid-configuration": document,
            f"{issuer}/.well-known/jwks.json": {"keys": [key]},
        },
        ("email",),
        headers={**CLOUDFLARE, "Cache-Control": "public, max-age=600"},
        missing=(
            404,
            {"Content-Type": "application/json"},
            {"code": 404, "error_code": "feature_disabled", "msg": "OAuth server is disabled"},
        ),
    )


def descope() -> Provider:
    """An issuer for each MCP server, with a long path; only appended; keys of the project.

    Descope's documentation of its discovery URL (2026).
    """
    host, place = "https://api.descope.com", "agentic/P2x/MS3"
    issuer = f"{host}/v1/apps/{place}"
    document = metadata(
        issuer,
        f"{host}/oauth2/v1/apps/{place}",
        jwks_uri=f"{host}/P2x/.well-known/jwks.json",
        userinfo_endpoint=f"{host}/oauth2/v1/apps/P2x/userinfo",
        revocation_endpoint=f"{host}/oauth2/v1/apps/P2x/revoke",
        registration_endpoint=f"{host}/v1/mgmt/mcp/client/P2x/MS3/register",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported=[*SECRETS, "none"],
        scopes_supported=["mcp:schedule_meetings", "outbound.token.fetch"],
        code_challenge_methods_supported=["S256"],
        client_id_metadata_document_supported=True,
    )
    return Provider(
        "descope",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{host}/P2x/.well-known/jwks.json": {"keys": [signing(kid="SK2x"), signing(kid="b")]},
        },
        ("mcp:schedule_meetings",),
        headers={**CLOUDFLARE, "Cache-Control": "no-store, no-cache"},
        cors=reflected,
        missing=(404, {"Content-Type": "application/json"}, {"errorCode": "E011001"}),
    )


def stytch() -> Provider:
    """Sign-in on the customer's own host; the OAuth document alone has the registration.

    Stytch's guide to Connected Apps, and its own server as recorded in September 2026.
    """
    issuer = "https://rustic-1.customers.stytch.com"
    openid = metadata(
        issuer,
        f"{issuer}/v1/oauth2",
        authorization_endpoint="https://www.example.org/oauth/authorize",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token"],
        scopes_supported=["openid", "email", "profile", "phone", "offline_access"],
        token_endpoint_auth_methods_supported=[*SECRETS, "none"],
        code_challenge_methods_supported=["S256"],
    )
    oauth = {
        **openid,
        "registration_endpoint": f"{issuer}/v1/oauth2/register",
        "client_id_metadata_document_supported": True,
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
    }
    return Provider(
        "stytch",
        issuer,
        {
            f"{issuer}/.well-known/oauth-authorization-server": oauth,
            f"{issuer}/.well-known/openid-configuration": openid,
            f"{issuer}/.well-known/jwks.json": {
                "keys": [signing(kid="jwk-live-1", key_ops=["verify"])]
            },
        },
        ("email",),
        headers={"Cache-Control": "max-age=300"},
        missing=(404, {"Content-Type": "application/json"}, {"error_type": "route_not_found"}),
    )


def fusionauth() -> Provider:
    """Its first key is symmetric, and then the JWK Set is empty by design."""
    issuer = "https://auth.example.net"
    document = metadata(
        issuer,
        f"{issuer}/oauth2",
        registration_endpoint=f"{issuer}/oauth2/register",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        id_token_signing_alg_values_supported=["ES256", "HS256", "HS384", "RS256", "RS512"],
        token_endpoint_auth_methods_supported=[*SECRETS, "none"],
        scopes_supported=["openid", "offline_access"],
        code_challenge_methods_supported=["S256"],
        claims_supported=["aud", "exp", "iat", "iss", "sub"],
    )
    return Provider(
        "fusionauth",
        issuer,
        {
            f"{issuer}/.well-known/openid-configuration": document,
            f"{issuer}/.well-known/jwks.json": {"keys": []},
        },
    )


PROVIDERS: tuple[Provider, ...] = (
    provider_forms.entra(),
    provider_forms.okta(),
    provider_forms.auth0(),
    provider_forms.cognito(),
    provider_forms.keycloak(),
    google(),
    ory(),
    workos(),
    clerk(),
    supabase(),
    descope(),
    stytch(),
    fusionauth(),
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}
