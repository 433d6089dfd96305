"""What django-oauth-toolkit accepts: redirect URIs, resources, codes and refresh tokens."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from oauth2_provider.models import get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import ServerError, UnsupportedGrantTypeError

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.contrib.oauth_toolkit import dpop
from mcp_oauth_discovery.contrib.oauth_toolkit.requests import (
    check_stored,
    explain,
    is_storable,
    refuse_redirect_uri,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.resources import (
    as_configured,
    is_for_mcp,
    only_resource,
)
from mcp_oauth_discovery.contrib.oauth_toolkit.tokens import checksum, was_just_used
from mcp_oauth_discovery.logs.lines import logger

# Clients send the same request several times in parallel. Those within this time count as
# concurrent: on a busy server they wait for each other.
AT_ONCE = timedelta(seconds=30)


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Refuse unsafe redirect URIs, unknown resources, inactive users and stolen codes.

    Redirect URIs are checked each time: a client may be older than these rules. A code or a refresh
    token that comes twice within `AT_ONCE` is refused, but the tokens of the first request stay
    valid: clients send parallel requests.
    """

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        refuse_redirect_uri(redirect_uri)
        return bool(super().validate_redirect_uri(client_id, redirect_uri, request))

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        uri: str = super().get_default_redirect_uri(client_id, request)
        refuse_redirect_uri(uri)
        return uri

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: Any,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        # oauthlib does not know resources. This is the first method whose errors reach the client.
        # Only the authorization endpoint has a response type.
        if request.response_type:
            check_stored(request, get_grant_model())
            request.resource = self._resources(client, scopes, request)
        return bool(super().validate_scopes(client_id, scopes, client, request))

    def needs_resource(self, client: Any, scopes: list[str], request: Request) -> bool:
        """Return whether an authorization request without a resource is for an MCP endpoint.

        If so, it is for the only resource of the site; with several, the request is refused.
        Override it to return False for your own applications that do not use MCP.
        """
        return is_for_mcp(scopes, request)

    def _resources(self, client: Any, scopes: list[str], request: Request) -> list[str]:
        """Return the resources of an authorization request, in their configured spelling."""
        resources = [value for name, value in request.uri_query_params if name == "resource"]
        if isinstance(request.resource, list):
            # The user has consented to those of the form, and no others.
            resources = request.resource
        try:
            if not resources and self.needs_resource(client, scopes, request):
                return [only_resource(request)]
            return as_configured(resources, request)
        except Misconfigured as error:
            extra = {"event": "authorization.failed"}
            logger.error("Authorization requests are refused. %s", explain(error), extra=extra)
            raise ServerError("This site cannot issue a token.", request=request) from error

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        client: Any,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        # oauthlib treats this type as a code grant, and an assertion in the toolkit fails.
        if grant_type == "openid":
            raise UnsupportedGrantTypeError(request=request)
        # The client is authenticated here, and its code or refresh token is still unused.
        dpop.check_client(client, request)
        return bool(super().validate_grant_type(client_id, grant_type, client, request))

    def _load_access_token(self, token: str) -> Any:
        # RFC 9449 §7.2: a view of the toolkit reads no proof, so a thief could use the token there.
        return None if dpop.is_bound_token(token) else super()._load_access_token(token)

    def _load_application(self, client_id: str | None, request: Request) -> Any:
        # PostgreSQL fails on a value that it cannot store, even in a lookup.
        return super()._load_application(client_id, request) if is_storable(client_id) else None

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        # The hash of a secret is slow on purpose. Anyone may send the ID of a client without one.
        if stored_secret and not provided_secret:
            return False
        return bool(super()._check_secret(provided_secret, stored_secret))

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if not is_storable(code):
            return False
        is_valid = super().validate_code(client_id, code, client, request)
        if not is_valid:
            _revoke_tokens_of(code, client)
        return bool(is_valid and request.user.is_active)

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        # A stolen token without its key must not revoke anything.
        if not dpop.is_usable(refresh_token, request):
            return False
        # Otherwise the toolkit would revoke the tokens of the first of several parallel requests.
        if was_just_used(refresh_token, AT_ONCE):
            return False
        is_valid = super().validate_refresh_token(refresh_token, client, request)
        return bool(is_valid and request.user.is_active)

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        dpop.bind_refresh_token(token, request)
        super().save_bearer_token(token, request)
        if request.grant_type == "authorization_code":
            digest = checksum(token.get("refresh_token", ""))
            new = get_refresh_token_model().objects.filter(token_checksum=digest)
            new.update(token_family=_family(request.code))


def _family(code: str) -> UUID:
    # The toolkit deletes a used code; this identifies its tokens. MariaDB only accepts a UUID that
    # has a version.
    return UUID(bytes=hashlib.sha256(code.encode()).digest()[:16], version=5)


def _revoke_tokens_of(code: str, client: Any) -> None:
    """Revoke the tokens of a code that is used again (RFC 6749 §4.1.2).

    A browser client may send a code twice within seconds: that revokes nothing.
    """
    family = get_refresh_token_model().objects.filter(
        token_family=_family(code), application=client
    )
    first = family.order_by("created").first()
    if first is not None and first.created <= timezone.now() - AT_ONCE:
        for refresh_token in family.filter(revoked__isnull=True):
            refresh_token.revoke()
