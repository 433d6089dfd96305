"""A site with MCP servers for tokens of the example; it has no keys and no database."""

from __future__ import annotations

import os

# The MCP servers, one without and one with `repeat_granted`.
NAMES = ("plain/mcp", "repeating/mcp")
ORIGIN = os.environ["REMOTE_ORIGIN"]

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["mcp_oauth_discovery"]
MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware"]
ROOT_URLCONF = "tests.clients.remote_urls"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

MCP_AUTHORIZATION_SERVERS = [os.environ.get("REMOTE_ISSUER", "")]
MCP_RESOURCES = {
    f"{ORIGIN}/{name}": {"scopes_supported": ["mcp", "profile:write"]} for name in NAMES
}
