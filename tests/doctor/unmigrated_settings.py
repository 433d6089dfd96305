"""A project with nothing but this app, whose database has no tables yet."""

from __future__ import annotations

from tests.checks.bare_settings import (  # noqa: F401
    DATABASES,
    INSTALLED_APPS,
    MIDDLEWARE,
    SECRET_KEY,
)

ROOT_URLCONF = "tests.doctor.healthy_urls"
MCP_ISSUER = "https://app.example.com"
ALLOWED_HOSTS = ["app.example.com"]
