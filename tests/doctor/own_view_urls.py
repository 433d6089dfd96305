"""A project with a view of its own in place of some of those of this app."""

from __future__ import annotations

from django.urls import include, path

from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    CatalogView,
    ServerCardView,
)


class OwnView(AuthorizationServerMetadataView):
    def get_document(self, request, **kwargs):
        document = super().get_document(request, **kwargs)
        token = "https://app.example.com/o/token/"
        return {**document, "scopes_supported": ["mcp"], "token_endpoint": token}


class OwnCardView(ServerCardView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "title": "Weather"}


class OwnCatalogView(CatalogView):
    def get_document(self, request, **kwargs):
        document = super().get_document(request, **kwargs)
        skill = {
            "identifier": "urn:air:example.com:skill:a",
            "type": "text/markdown",
            "url": "https://app.example.com/skill.md",
        }
        return {**document, "entries": [*document["entries"], skill]}


urlpatterns = [
    path(".well-known/oauth-authorization-server", OwnView.as_view()),
    path("<path:path>/server-card", OwnCardView.as_view()),
    path(".well-known/ai-catalog.json", OwnCatalogView.as_view()),
    path("", include("mcp_oauth_discovery.urls")),
]
