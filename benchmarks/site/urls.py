"""The URLconf of each contender."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from benchmarks.site.recorded import DOCUMENTS, read_documents


def bare_view(body: bytes, headers: dict[str, str]):
    """Return the shortest view that sends what ours send."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(body, headers=headers)

    return view


def mcp(request: HttpRequest) -> HttpResponse:
    """Answer a protected call."""
    return HttpResponse(b"{}", content_type="application/json")


def bare_patterns() -> list:
    return [
        path(DOCUMENTS[name][1:], bare_view(document.body, document.headers))
        for name, document in read_documents(settings.DIRECTORY).items()
    ]


def mcpz_patterns() -> list:
    from django_mcpz.server import MCPServer, public

    return [
        path("mcp", MCPServer(name="benchmark", version="1", auth=public)),
        path("oauth/", include("django_mcpz.oauth.urls")),
        path("", include("django_mcpz.oauth.wellknown")),
    ]


def our_patterns() -> list:
    from mcp_oauth_discovery.protection import bearer_required

    return [
        path("", include("mcp_oauth_discovery.urls")),
        path("mcp", bearer_required(scope="mcp")(mcp)),
    ]


if settings.SITE == "bare":
    urlpatterns = bare_patterns()
elif settings.SITE == "included":
    urlpatterns = [path("", include((bare_patterns(), "bare")))]
elif settings.SITE == "oauth_toolkit":
    urlpatterns = [path("", include("oauth2_provider.urls"))]
elif settings.SITE == "mcpz":
    urlpatterns = mcpz_patterns()
else:
    urlpatterns = our_patterns()
