"""A project with `DATABASES = {}`, whose tokens come from another site."""

from __future__ import annotations

SECRET_KEY = "only for the tests of this package, which keep no secrets at all"
ALLOWED_HOSTS = ["app.example.com"]
INSTALLED_APPS = ["mcp_oauth_discovery"]
MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware"]
ROOT_URLCONF = "tests.no_database.urls"
DATABASES = {}
MCP_RESOURCE = "https://app.example.com/mcp"
MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
# The page of MCP Inspector, from which the doctor sends its requests.
MCP_ALLOWED_ORIGINS = ["http://localhost:6274"]
