"""The discovery URLs at the root, and pages of other people next to them."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView


def page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    response = HttpResponse("a page of the project", content_type="text/plain")
    response["X-Page"] = "yes"
    return response


oauth2_provider = (
    [
        path("token/", page, name="token"),
        path("authorize/", page, name="authorize"),
        path("clients/<int:pk>/", page, name="client"),
    ],
    "oauth2_provider",
)

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("o/", include(oauth2_provider)),
    path("page/", page, name="page"),
    path(".well-known/security.txt", page, name="security"),
    path(".well-known/change-password", RedirectView.as_view(url="/page/")),
    path("admin/", admin.site.urls),
]
