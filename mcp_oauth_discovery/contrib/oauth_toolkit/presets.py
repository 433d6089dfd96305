"""Values for `settings.py`: nothing here reads a setting or imports a model."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

_PACKAGE = "mcp_oauth_discovery.contrib.oauth_toolkit"

_PROVIDER: dict[str, Any] = {
    # Only codes and refresh tokens: otherwise a client could register for the password or the
    # client credentials grant.
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",
    "OAUTH2_VALIDATOR_CLASS": f"{_PACKAGE}.Validator",
    # Clients register themselves, or their client_id is the URL of a metadata document.
    "DCR_ENABLED": True,
    "DCR_REGISTRATION_PERMISSION_CLASSES": (f"{_PACKAGE}.OpenRegistration",),
    "CIMD_ENABLED": True,
    "CIMD_METADATA_FETCHER": f"{_PACKAGE}.MetadataFetcher",
    "CIMD_REGISTRATION_PERMISSION_CLASSES": (f"{_PACKAGE}.FetchForConsent",),
    # JWTs for the MCP servers. Only the token endpoint reads a refresh token: a random string.
    "ACCESS_TOKEN_GENERATOR": f"{_PACKAGE}.access_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(timedelta(minutes=15).total_seconds()),
    "REFRESH_TOKEN_GENERATOR": "oauthlib.oauth2.rfc6749.tokens.random_token_generator",
    "REFRESH_TOKEN_EXPIRE_SECONDS": int(timedelta(days=30).total_seconds()),
    # A refresh token that is used twice was stolen: revoke all tokens of that sign-in. `Validator`
    # revokes nothing within 30 seconds of the first use, because clients retry in parallel.
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # Ask the user each time. Otherwise a client with access to one server gets a token for another.
    "REQUEST_APPROVAL_PROMPT": "force",
    # Clients on the user's own machine listen on a port that they do not know in advance.
    # `Validator` and the registration refuse http everywhere else.
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", "cursor"],
    # RFC 9700: PKCE with S256 only, no tokens in URLs, no plain-text tokens in the database.
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}


def oauth2_provider_settings(
    scopes: Mapping[str, str | Promise], **overrides: Any
) -> dict[str, Any]:
    """Return the value of `OAUTH2_PROVIDER` for MCP clients; each override replaces a member.

    `scopes` has the description of each scope, as the consent page shows it. A client that
    requests no scope gets the first one. Raises `ImproperlyConfigured` if it is empty or no dict.
    """
    given: object = scopes
    if not (scopes and isinstance(given, Mapping)):
        raise ImproperlyConfigured(
            f"oauth2_provider_settings: scopes is {scopes!r}, but it must be a dict with the "
            'description of each scope. Write scopes={"mcp": "Use the MCP server of this site"}.'
        )
    named = {"SCOPES": dict(scopes), "DEFAULT_SCOPES": list(scopes)[:1]}
    return {**deepcopy(_PROVIDER), **named, **overrides}


def authorization_server_metadata(
    oauth2_provider: Mapping[str, Any], **overrides: Any
) -> dict[str, Any]:
    """Return the value of `MCP_AUTHORIZATION_SERVER_METADATA` for the URLs of this package.

    `oauth2_provider` is your `OAUTH2_PROVIDER`. Each override replaces a member.
    """
    registers = oauth2_provider.get("DCR_ENABLED")
    return {
        "authorization_endpoint": "oauth2_provider:authorize",
        "token_endpoint": "oauth2_provider:token",
        "registration_endpoint": "oauth2_provider:dcr-register" if registers else None,
        "revocation_endpoint": "oauth2_provider:revoke-token",
        # RFC 8414 §2: without this member, clients without a secret could not revoke.
        "revocation_endpoint_auth_methods_supported": [
            "none",
            "client_secret_basic",
            "client_secret_post",
        ],
        "scopes_supported": list(oauth2_provider["SCOPES"]),
        "client_id_metadata_document_supported": bool(oauth2_provider.get("CIMD_ENABLED")),
        # `ConsentView` sends `iss` with each answer, errors included.
        "authorization_response_iss_parameter_supported": True,
        **overrides,
    }
