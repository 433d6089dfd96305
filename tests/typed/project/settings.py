"""Settings of the site."""

from __future__ import annotations

from mcp_oauth_discovery.contrib.oauth_toolkit import (
    authorization_server_metadata,
    oauth2_provider_settings,
)
from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS

SECRET_KEY = "of a site that only tests load"
ROOT_URLCONF = "project.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "oauth2_provider",
    "mcp_oauth_discovery",
]
MIDDLEWARE = [
    "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
    "corsheaders.middleware.CorsMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CORS_ALLOWED_ORIGINS = ["https://client.example.com"]
CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS
CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "mcp_oauth_discovery.contrib.rest_framework.exception_handler",
}
OAUTH2_PROVIDER = oauth2_provider_settings(
    {"mcp": "Use the MCP server"},
    OAUTH2_VALIDATOR_CLASS="project.authorization.OwnValidator",
)
MCP_AUTHORIZATION_SERVER_METADATA = authorization_server_metadata(
    OAUTH2_PROVIDER,
    authorization_endpoint="/o/authorize",
    token_endpoint="/o/token",
    registration_endpoint="/o/register",
    revocation_endpoint="/o/revoke",
)
MCP_ISSUER = "https://app.example.com"
MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp", "files:write"]}}
