"""The discovery URLs, and pages whose URL depends on the language."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from tests.urls import oauth2_provider, page

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("moved/", include(oauth2_provider)),
    *i18n_patterns(path("page/", page, name="page")),
]
