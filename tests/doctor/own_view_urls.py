"""A project with a view of its own in place of that of the authorization server metadata."""

from __future__ import annotations

from django.urls import include, path

from mcp_oauth_discovery.views import AuthorizationServerMetadataView


class OwnView(AuthorizationServerMetadataView):
    def get_document(self, request, **kwargs):
        document = super().get_document(request, **kwargs)
        token = "https://app.example.com/o/token/"
        return {**document, "scopes_supported": ["mcp"], "token_endpoint": token}


urlpatterns = [
    path(".well-known/oauth-authorization-server", OwnView.as_view()),
    path("", include("mcp_oauth_discovery.urls")),
]
