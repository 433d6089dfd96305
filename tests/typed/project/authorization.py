"""django-oauth-toolkit as the authorization server of the site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from typing_extensions import assert_type

from mcp_oauth_discovery.contrib.oauth_toolkit import (
    AT_ONCE,
    ConsentView,
    FetchForConsent,
    InvalidTarget,
    ManagementView,
    MetadataFetcher,
    OpenRegistration,
    RegistrationView,
    RevokeTokenView,
    ServiceAccountServer,
    ServiceAccountValidator,
    SignInView,
    TokenView,
    Validator,
    access_token,
    check_redirect_uri,
    checksum,
    verify_token,
)
from mcp_oauth_discovery.protection import BearerProtection, Claims

WINDOW = assert_type(AT_ONCE, timedelta)
PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify_token)


class OwnValidator(Validator):
    """Let applications that do not use MCP ask for tokens without a resource."""

    def needs_resource(self, client: Any, scopes: list[str], request: Any) -> bool:
        return "mcp" in scopes and assert_type(
            super().needs_resource(client, scopes, request), bool
        )


class OwnServer(ServiceAccountServer):
    """Issues tokens to service accounts too."""


class Accounts(ServiceAccountValidator):
    def service_account(self, client: Any) -> dict[str, Any] | None:
        return {"scope": "mcp", "jwks": {"keys": []}} if client.name == "CI" else None


class OwnTokenView(TokenView):
    """Has room for what the site adds."""


class OwnConsentView(ConsentView):
    template_name = "consent.html"


class OwnSignInView(SignInView):
    template_name = "login.html"


class OwnMetadataFetcher(MetadataFetcher):
    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        return assert_type(super().fetch(client_id), tuple[dict[str, Any], int])


class FewClients(OpenRegistration):
    def has_permission(self, request: HttpRequest) -> bool:
        return assert_type(super().has_permission(request), bool)


class FewDocuments(FetchForConsent):
    def has_permission(self, request: Any, client_id: str) -> bool:
        return client_id.startswith("https://client.example.com/")


revoke = RevokeTokenView.as_view()
register = RegistrationView.as_view()
manage = ManagementView.as_view()


def describe(uri: str, request: Any) -> str:
    try:
        check_redirect_uri(uri)
        return assert_type(access_token(request), str)
    except InvalidTarget as error:
        return checksum(str(error))


def claims_of(request: HttpRequest, token: str) -> Claims:
    return assert_type(verify_token(request, token, "https://app.example.com/mcp"), Claims)
