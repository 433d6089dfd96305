"""What `startproject` writes, and what the contender in `BENCHMARK_SITE` needs.

`BENCHMARK_DIRECTORY` has what `prepare` makes: the database with the keys, and the documents.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from benchmarks.site.recorded import HOST

SITE = os.environ["BENCHMARK_SITE"]
DIRECTORY = Path(os.environ["BENCHMARK_DIRECTORY"])
# The key of django-oauth-toolkit.
RSA_KEY = DIRECTORY / "rsa.pem"

SECRET_KEY = "of a site that exists as long as one benchmark"  # noqa: S105
ALLOWED_HOSTS = [HOST]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "benchmarks.site.urls"
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
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY / "db.sqlite3"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"

# The other settings of this app keep their defaults, except that old keys stay published.
MCP_ISSUER = f"https://{HOST}"
MCP_KEY_RETENTION = timedelta(days=10000)

# `all` has the tables of django-oauth-toolkit beside our views.
if SITE in {"views", "middleware", "entry", "all"}:
    INSTALLED_APPS += ["mcp_oauth_discovery"]
if SITE in {"middleware", "entry", "all"}:
    MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware", *MIDDLEWARE]
if SITE in {"oauth_toolkit", "all"}:
    INSTALLED_APPS += ["oauth2_provider"]
    OAUTH2_PROVIDER = {
        "SCOPES": {"mcp": "Use the MCP server"},
        "DCR_ENABLED": True,
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": f"https://{HOST}",
        "OIDC_RSA_PRIVATE_KEY": RSA_KEY.read_text() if RSA_KEY.exists() else "",
    }
if SITE == "mcpz":
    INSTALLED_APPS += ["django_mcpz.oauth"]
