"""The URLs of the site."""

from __future__ import annotations

from django.urls import include, path

from . import api, authorization, receivers, rest, tokens, views

__all__ = ["receivers", "urlpatterns"]

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("view/<name>", views.view),
    path("coroutine/<name>", views.coroutine),
    path("plain", views.plain),
    path("class", views.MCPView.as_view()),
    path("async-class", views.AsyncMCPView.as_view()),
    path("mcp", views.server),
    path("completed", views.completed),
    path("by-hand", views.check_by_hand),
    path("token", tokens.token),
    path("introspect", tokens.introspect),
    path("rest", rest.ToolView.as_view()),
    path("api/", api.urls),
    path("o/token", authorization.OwnTokenView.as_view()),
    path("o/authorize", authorization.OwnConsentView.as_view()),
    path("o/revoke", authorization.revoke),
    path("o/register", authorization.register),
    path("o/register/<client_id>", authorization.manage),
    path("o/login", authorization.OwnSignInView.as_view()),
]
