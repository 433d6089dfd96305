"""The URL patterns. Include them at the root of the site (RFC 8615 §3):

path("", include("mcp_oauth_discovery.urls"))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path
from django.urls.resolvers import RegexPattern

from mcp_oauth_discovery.discovery.card_entries import endpoint_path, has_card_at, has_cards
from mcp_oauth_discovery.standards.server_cards import CARD, CATALOG
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)
from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    CatalogView,
    JWKSView,
    ProtectedResourceMetadataView,
    ServerCardView,
)

__all__ = ["app_name", "urlpatterns"]

#: The namespace of the names: `reverse("mcp_oauth_discovery:jwks")`.
app_name = "mcp_oauth_discovery"

_PRM, _ASM, _JWKS, _CATALOG = (
    path[1:].replace(".", r"\.")
    for path in (PROTECTED_RESOURCE, AUTHORIZATION_SERVER, JWKS, CATALOG)
)


class _IfConfigured(RegexPattern):
    """A pattern that matches only while the settings have a document for the URL.

    Otherwise it would hide a view of the project with the same URL.
    """

    def __init__(self, regex: str, name: str, is_configured: Callable[..., bool]) -> None:
        super().__init__(regex, name, is_endpoint=True)
        self._is_configured = is_configured

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        match = super().match(path)
        return match if match is not None and self._is_configured(**match[2]) else None


def _has_card(path: str | None = None) -> bool:
    return has_card_at(endpoint_path(path))


# Regular expressions, because the final slash is optional, and because `<path:path>` does not match
# a line feed: a path with %0A would get the project's answer to unknown URLs.
#: The patterns of all documents, with the names in `documents.md`.
urlpatterns = [
    re_path(rf"^{_JWKS}/?\Z", JWKSView.as_view(), name="jwks"),
    re_path(
        rf"^{_PRM}/?\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata",
    ),
    re_path(
        rf"^{_ASM}/?\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata",
    ),
    re_path(
        rf"^{_PRM}/(?P<path>[\s\S]+)\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata-for-path",
    ),
    re_path(
        rf"^{_ASM}/(?P<path>[\s\S]+)\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata-for-path",
    ),
    URLPattern(
        _IfConfigured(rf"^{_CATALOG}/?\Z", "ai-catalog", has_cards),
        CatalogView.as_view(),
        name="ai-catalog",
    ),
    # Without a path, the endpoint is at the root of the site.
    URLPattern(
        _IfConfigured(rf"^(?:(?P<path>[\s\S]+)/)?{CARD[1:]}/?\Z", "server-card", _has_card),
        ServerCardView.as_view(),
        name="server-card",
    ),
]
