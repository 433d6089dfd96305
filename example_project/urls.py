from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from example_project.servers import people_view, reports_view

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("oauth/mcp/", include("mcp_oauth_discovery.contrib.oauth_toolkit.urls")),
    path("mcp", people_view, name="people"),
    path("reports/mcp", reports_view, name="reports"),
    path("", TemplateView.as_view(template_name="example_project/home.html"), name="home"),
    path("admin/", admin.site.urls),
]
