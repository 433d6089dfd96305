"""Which clients this site accepts: their redirect URIs, their grants, and their users."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model
from oauthlib.common import Request

from mcp_oauth_discovery.contrib import oauth_toolkit
from mcp_oauth_discovery.contrib.oauth_requests import is_storable
from mcp_oauth_discovery.contrib.oauth_toolkit import check_redirect_uri

try:
    from oauth2_provider.authorization_server.cimd import CIMDError, SafeMetadataFetcher
except ModuleNotFoundError:
    # django-oauth-toolkit up to 3.4.
    from oauth2_provider.cimd import CIMDError, SafeMetadataFetcher

GRANT_TYPES = {"authorization_code", "refresh_token"}


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a client that this site does not accept.

    The toolkit itself refuses members of a wrong type.
    """
    uris = _texts(metadata.get("redirect_uris"))
    if not all(map(is_storable, [*uris, *_texts([metadata.get("client_name")])])):
        raise ValueError("client_name, redirect_uris: a character is not allowed")
    for uri in uris:
        check_redirect_uri(uri)
    if refused := set(_texts(metadata.get("grant_types"))) - GRANT_TYPES:
        raise ValueError(f"grant_types: {', '.join(sorted(refused))} is not supported")


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


class MetadataFetcher(SafeMetadataFetcher):  # type: ignore[misc]
    """Apply the rules of registration to client ID metadata documents."""

    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        metadata, max_age = super().fetch(client_id)
        try:
            check_metadata(metadata)
        except ValueError as error:
            raise CIMDError(str(error)) from error
        return metadata, max_age


class OpenRegistration:
    """Allow every client to register; the toolkit moves its own class in the next release."""

    def has_permission(self, request: HttpRequest) -> bool:
        return True


class FetchForThePage:
    """Fetch the document of a client for the consent page only.

    The token endpoint holds the lock of the database while it works, and a host may be slow.
    """

    def has_permission(self, request: Request, client_id: str) -> bool:
        return bool(urlsplit(request.uri).path == reverse("oauth2_provider:authorize"))


class Validator(oauth_toolkit.Validator):
    """Issue no tokens to inactive users, and revoke the tokens of a code that was stolen."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        is_valid = super().validate_code(client_id, code, client, request)
        if not is_valid:
            _revoke_tokens_of(code, client)
        return bool(is_valid and _is_active(request))

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        super().save_bearer_token(token, request)
        if request.grant_type == "authorization_code":
            checksum = oauth_toolkit.checksum(token["refresh_token"])
            new = get_refresh_token_model().objects.filter(token_checksum=checksum)
            new.update(token_family=_family(request.code))

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        is_valid = super().validate_refresh_token(refresh_token, client, request)
        return bool(is_valid and _is_active(request))


def _is_active(request: Request) -> bool:
    return bool(request.user.is_active)


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
    if first is not None and first.created <= timezone.now() - oauth_toolkit.AT_ONCE:
        for refresh_token in family.filter(revoked__isnull=True):
            refresh_token.revoke()
