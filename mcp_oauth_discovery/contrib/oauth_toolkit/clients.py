"""Which clients this site accepts: their redirect URIs and their grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from oauthlib.common import Request

from mcp_oauth_discovery.contrib.oauth_toolkit.requests import check_redirect_uri, is_storable

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
    """Allow every client to register, and give it no owner.

    The toolkit moves its own class in the next release, and makes a signed-in user the owner: a
    page of another site could send the request with the cookies of a user.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        request.user = AnonymousUser()
        return True


class FetchForConsent:
    """Fetch the document of a client for the consent page only.

    The token endpoint holds the lock of the database while it works, and a host may be slow.
    """

    def has_permission(self, request: Request, client_id: str) -> bool:
        return bool(urlsplit(request.uri).path == reverse("oauth2_provider:authorize"))
