"""A site as projects have it: admin, sessions, CORS locked down, and the discovery URLs."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

SECRET_KEY = "only for the tests of this package, which keep no secrets at all"
ALLOWED_HOSTS = ["testserver", ".example.com", "localhost", ".localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "corsheaders",
    "mcp_oauth_discovery",
    # For the tests of the example, and of what goes between django-oauth-toolkit and this app.
    "oauth2_provider",
    "example_project",
]

# Without DiscoveryMiddleware, which is optional: the tests that are about it put it first.
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

CORS_ALLOWED_ORIGINS = ["https://client.example.com"]

ROOT_URLCONF = "tests.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ENGINES = {"mysql": "mysql", "postgresql": "postgresql", "sqlite": "sqlite3"}


def database(url: str) -> dict[str, object]:
    """Return the entry of DATABASES that a URL stands for; without one, SQLite in memory.

    That is `postgresql://user:password@host:port/name`, `mysql://…` alike (MariaDB too), or
    `sqlite:////absolute/file`. What is special in a URL is percent-encoded in its parts.
    """
    parts = urlsplit(url or "sqlite:///:memory:")
    return {
        "ENGINE": f"django.db.backends.{ENGINES[parts.scheme]}",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
    }


# The server may make and drop databases here: the tests run in `test_<name>`.
DATABASES = {"default": database(os.environ.get("MCP_TEST_DATABASE_URL", ""))}

# Those of Django take a quarter of a second on purpose, and here passwords keep nobody out.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Django 6.1 reads it. The test runner puts a mailbox in memory in its place.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
