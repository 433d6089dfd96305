"""The settings that the documentation of the preset gives, a user, and a registered client."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from mcp_oauth_discovery.contrib.oauth_toolkit import (
    authorization_server_metadata,
    oauth2_provider_settings,
)
from tests import ORIGIN

CALLBACK = "http://127.0.0.1:41234/callback"


@pytest.fixture(autouse=True)
def preset(settings, db):
    settings.ROOT_URLCONF = "tests.preset.urls"
    settings.MIDDLEWARE = [
        "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
        *settings.MIDDLEWARE,
    ]
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}}
    settings.OAUTH2_PROVIDER = oauth2_provider_settings(scopes={"mcp": "Use the MCP server"})
    settings.MCP_AUTHORIZATION_SERVER_METADATA = authorization_server_metadata(
        settings.OAUTH2_PROVIDER
    )
    return settings


@pytest.fixture
def visitor():
    return Client(headers={"host": "app.example.com"})


@pytest.fixture
def browser(visitor):
    user = get_user_model().objects.create_user("ada", password="of a user for one test")
    visitor.force_login(user)
    return visitor


@pytest.fixture
def question(visitor):
    """The parameters of an authorization request of a client that has just registered."""
    members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    client = visitor.post("/oauth/mcp/register", members, "application/json").json()
    return {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        "scope": "mcp",
        "resource": f"{ORIGIN}/mcp",
    }
