"""Which clients this site takes: where their answers may go, and what they may ask for."""

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
    """Raise `ValueError` for a client that wants what nobody gets here.

    Members of other types than they should be are left to the toolkit, which refuses them too.
    """
    uris = _texts(metadata.get("redirect_uris"))
    if not all(map(is_storable, [*uris, *_texts([metadata.get("client_name")])])):
        raise ValueError("client_name, redirect_uris: there is a character that is not allowed")
    for uri in uris:
        check_redirect_uri(uri)
    if refused := set(_texts(metadata.get("grant_types"))) - GRANT_TYPES:
        raise ValueError(f"grant_types: {', '.join(sorted(refused))} is not served here")


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


class MetadataFetcher(SafeMetadataFetcher):  # type: ignore[misc]
    """Hold the document of a client to what a registration is held to."""

    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        metadata, max_age = super().fetch(client_id)
        try:
            check_metadata(metadata)
        except ValueError as error:
            raise CIMDError(str(error)) from error
        return metadata, max_age


class OpenRegistration:
    """Let anyone register a client; the next release of the toolkit moves its own class."""

    def has_permission(self, request: HttpRequest) -> bool:
        return True


class FetchForThePage:
    """Fetch the document of a client for the page that asks the user, and for nothing else.

    The token endpoint holds the lock of the database; a slow host must not keep it.
    """

    def has_permission(self, request: Request, client_id: str) -> bool:
        return bool(urlsplit(request.uri).path == reverse("oauth2_provider:authorize"))


class Validator(oauth_toolkit.Validator):
    """Give no new tokens to users who left, and end what came of a code that was stolen."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        found = super().validate_code(client_id, code, client, request)
        if not found:
            _end_what_came_of(code, client)
        return bool(found and _is_active(request))

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
        found = super().validate_refresh_token(refresh_token, client, request)
        return bool(found and _is_active(request))


def _is_active(request: Request) -> bool:
    return bool(request.user.is_active)


def _family(code: str) -> UUID:
    # The toolkit forgets a code that was used. What came of it is found by this.
    # With a version, for MariaDB takes no other UUID.
    return UUID(bytes=hashlib.sha256(code.encode()).digest()[:16], version=5)


def _end_what_came_of(code: str, client: Any) -> None:
    """Revoke the tokens of a code that comes a second time (RFC 6749 §4.1.2), but not at once."""
    family = get_refresh_token_model().objects.filter(
        token_family=_family(code), application=client
    )
    first = family.order_by("created").first()
    if first is not None and first.created <= timezone.now() - oauth_toolkit.AT_ONCE:
        for one in family.filter(revoked__isnull=True):
            one.revoke()
