"""A project in which the language decides whether a page or a document is at a path."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path

from tests.urls import page

urlpatterns = [
    *i18n_patterns(
        re_path(r"^\.well-known/oauth-protected-resource$", page), prefix_default_language=False
    ),
    path("", include("mcp_oauth_discovery.urls")),
    path("o/", include("tests.urls")),
]
