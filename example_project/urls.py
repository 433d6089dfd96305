from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from example_project.servers import people_view, reports_view
from example_project.views import (
    ConsentView,
    HomeView,
    ManagementView,
    RegistrationView,
    SignInView,
)
from mcp_oauth_discovery.contrib.oauth_toolkit import RevokeTokenView, TokenView

# Only what MCP clients need of django-oauth-toolkit. Its discovery documents would contradict
# those of this app, and its other pages and grants are not used.
oauth_urlpatterns = [
    path("authorize/", ConsentView.as_view(), name="authorize"),
    path("token/", TokenView.as_view(), name="token"),
    path("revoke_token/", RevokeTokenView.as_view(), name="revoke-token"),
    path("register/", RegistrationView.as_view(), name="dcr-register"),
    path("register/<str:client_id>/", ManagementView.as_view(), name="dcr-register-management"),
]

urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    path("mcp", people_view, name="people"),
    path("reports/mcp", reports_view, name="reports"),
    path("o/", include((oauth_urlpatterns, "oauth2_provider"))),
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", HomeView.as_view(), name="home"),
    path("admin/", admin.site.urls),
]
