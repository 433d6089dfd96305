"""The URLs that MCP clients and their users need, and no other ones of django-oauth-toolkit.

Its discovery documents would contradict those of this app.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

# From the package itself, which says what to type without django-oauth-toolkit.
from mcp_oauth_discovery.contrib.oauth_toolkit import (
    ConsentView,
    ManagementView,
    RegistrationView,
    RevokeTokenView,
    SignInView,
    TokenView,
)

# The toolkit itself reverses names in this namespace.
app_name = "oauth2_provider"

sign_out = login_not_required(LogoutView.as_view(next_page="oauth2_provider:login"))

urlpatterns = [
    path("authorize", ConsentView.as_view(), name="authorize"),
    path("token", TokenView.as_view(), name="token"),
    path("revoke", RevokeTokenView.as_view(), name="revoke-token"),
    path("register", RegistrationView.as_view(), name="dcr-register"),
    path("register/<str:client_id>", ManagementView.as_view(), name="dcr-register-management"),
    path("login", SignInView.as_view(), name="login"),
    path("logout", sign_out, name="logout"),
]
