from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("oauth/mcp/", include("mcp_oauth_discovery.contrib.oauth_toolkit.urls")),
    path("own/login/", lambda request: HttpResponse("Who are you?"), name="own-login"),
    path("page/", lambda request: HttpResponse("A page")),
    *i18n_patterns(path("members/", lambda request: HttpResponse("Who are you?"))),
]
