"""The five URL patterns; include them at the root of the site: RFC 8615 §3 knows no other place.

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

app_name = "mcp_oauth_discovery"

_PRM, _ASM, _JWKS = (
    path[1:].replace(".", r"\.") for path in (PROTECTED_RESOURCE, AUTHORIZATION_SERVER, JWKS)
)

# Regular expressions, because a final slash is optional and because `<path:path>` stops at a line
# feed, which would leave %0A in a path to whatever the project does with unknown URLs.
urlpatterns = [
    re_path(
        rf"^{_PRM}/?\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata",
    ),
    re_path(
        rf"^{_PRM}/(?P<path>[\s\S]+)\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata-for-path",
    ),
    re_path(
        rf"^{_ASM}/?\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata",
    ),
    re_path(
        rf"^{_ASM}/(?P<path>[\s\S]+)\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata-for-path",
    ),
    re_path(rf"^{_JWKS}/?\Z", JWKSView.as_view(), name="jwks"),
]
