"""The five URL patterns. Include them at the root of the site (RFC 8615 §3):

path("", include("mcp_oauth_discovery.urls"))
"""

from __future__ import annotations

from django.urls import re_path

from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)
from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    JWKSView,
    ProtectedResourceMetadataView,
)

__all__ = ["app_name", "urlpatterns"]

app_name = "mcp_oauth_discovery"

_PRM, _ASM, _JWKS = (
    path[1:].replace(".", r"\.") for path in (PROTECTED_RESOURCE, AUTHORIZATION_SERVER, JWKS)
)

# Regular expressions, because the final slash is optional, and because `<path:path>` does not match
# a line feed: a path with %0A would get the project's answer to unknown URLs.
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
]
