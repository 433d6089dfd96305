"""The five URL patterns; include them at the root of the site: RFC 8615 §3 knows no other place.

path("", include("mcp_oauth_discovery.urls"))
"""

from __future__ import annotations

from django.urls import re_path

from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    JWKSView,
    ProtectedResourceMetadataView,
)

app_name = "mcp_oauth_discovery"

# Regular expressions, because a final slash is optional and because `<path:path>` stops at a line
# feed, which would leave %0A in a path to whatever the project does with unknown URLs.
urlpatterns = [
    re_path(
        r"^\.well-known/oauth-protected-resource/?\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata",
    ),
    re_path(
        r"^\.well-known/oauth-protected-resource/(?P<path>[\s\S]+)\Z",
        ProtectedResourceMetadataView.as_view(),
        name="protected-resource-metadata-for-path",
    ),
    re_path(
        r"^\.well-known/oauth-authorization-server/?\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata",
    ),
    re_path(
        r"^\.well-known/oauth-authorization-server/(?P<path>[\s\S]+)\Z",
        AuthorizationServerMetadataView.as_view(),
        name="authorization-server-metadata-for-path",
    ),
    re_path(r"^\.well-known/jwks\.json/?\Z", JWKSView.as_view(), name="jwks"),
]
