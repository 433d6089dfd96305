"""A project with nothing but this app."""

from __future__ import annotations

SECRET_KEY = "only for the tests of this package, which keep no secrets at all"
INSTALLED_APPS = ["mcp_oauth_discovery"]
MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware"]
ROOT_URLCONF = "mcp_oauth_discovery.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
