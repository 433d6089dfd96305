"""The smallest complete site that MCP clients can sign in to.

It reads some values from the environment, so that you can try it behind a proxy or a tunnel
without editing it. In your own site, write the values here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

from django.core.management.utils import get_random_secret_key
from django.http import HttpRequest

from mcp_oauth_discovery.contrib.oauth_toolkit import (
    authorization_server_metadata,
    oauth2_provider_settings,
)
from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS
from mcp_oauth_discovery.identity import Site

BASE_DIR = Path(__file__).resolve().parent
VAR_DIR = BASE_DIR / "var"
STATIC_ROOT = VAR_DIR / "static"
VAR_DIR.mkdir(mode=0o700, exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)


def _secret_key() -> str:
    """Make a secret at the first start and keep it, so that sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        draft = VAR_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        # Linking is atomic, and never replaces a secret that another process has made.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


SECRET_KEY = os.environ.get("SECRET_KEY") or _secret_key()
DEBUG = False
# Django refuses all other hosts, so no URL of this site has a forged host.
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "oauth2_provider",
    # Before the next app, whose sign-in page it extends.
    "example_project",
    "mcp_oauth_discovery",
]

MIDDLEWARE = [
    # First: the discovery documents are public, whatever the other middleware does.
    "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# The policy of the site: only scripts of this origin. `cors.py` allows all origins for the MCP
# servers, where scripts must also read the challenge of a 401. The discovery documents and the
# endpoints of the authorization server allow all origins themselves.
CORS_ALLOWED_ORIGINS = ["https://client.example.com"]
CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS
CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS

# The MCP servers answer 403 to pages of other origins, before they look at the token. These two
# are MCP Inspector on the user's own machine. Programs other than browsers send no `Origin`.
MCP_ALLOWED_ORIGINS = os.environ.get(
    "ALLOWED_ORIGINS", "http://localhost:6274,http://127.0.0.1:6274"
).split(",")

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"

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
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", VAR_DIR / "db.sqlite3"),
        # Concurrent writers wait. Otherwise, of two that read before they write, one fails.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Without DEBUG, Django itself prints no errors on the console. Not below WARNING: the toolkit logs
# authorization codes there.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}

TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True

# What a client may request, as the consent page shows it. A client that requests nothing gets the
# first one.
SCOPES = {
    "mcp": "Connect to the MCP server below on your behalf",
    "profile:write": "Read and change your name",
    "reports": "Read the reports about this site",
}
# Who may change the name may read it too. Access to the reports does not include `mcp`.
MCP_IMPLIED_SCOPES = {"profile:write": ["mcp"]}

# In your own site, pin the issuer: MCP_ISSUER = "https://app.example.com". Without it, the issuer
# comes from each request. Then the documents are served, but nothing is signed, because the host
# of a request is not trusted. `manage.py start` sets MCP_ISSUER.
# MCP Inspector requests all scopes of a resource at first, because it cannot step up.
MCP_RESOURCES = {
    "/mcp": {"resource_name": "People", "scopes_supported": ["mcp", "profile:write"]},
    "/reports/mcp": {"resource_name": "Reports", "scopes_supported": ["mcp", "reports"]},
}
# Clients that know only the domain find both servers in `/.well-known/ai-catalog.json`. Title and
# version come from the server objects.
MCP_SERVER_CARDS = {
    "/mcp": {
        "server": "example_project.servers.people",
        "name": "com.example/people",
        "description": "Shows and changes the name of the user who has signed in.",
    },
    "/reports/mcp": {
        "server": "example_project.servers.reports",
        "name": "com.example/reports",
        "description": "Counts the clients of this site, and lists its signing keys.",
    },
}


def _people(request: HttpRequest) -> str:
    return urljoin(Site(request).issuer, "/mcp")


MCP_RESOURCE: str | Callable[[HttpRequest], str] = _people
if "MCP_ISSUER" in os.environ:
    MCP_ISSUER = os.environ["MCP_ISSUER"]
    MCP_RESOURCE = urljoin(MCP_ISSUER, "/mcp")
if "MCP_RESOURCE" in os.environ:
    MCP_RESOURCE = os.environ["MCP_RESOURCE"]

OAUTH2_PROVIDER = oauth2_provider_settings(
    scopes=SCOPES,
    ACCESS_TOKEN_EXPIRE_SECONDS=int(os.environ.get("ACCESS_TOKEN_SECONDS", 15 * 60)),
)
MCP_AUTHORIZATION_SERVER_METADATA = authorization_server_metadata(OAUTH2_PROVIDER)
# Experimental: the token endpoint binds tokens to the key of a client that sends DPoP proofs, and
# the servers accept them. Bearer tokens still work.
DPOP = "accept" if os.environ.get("DPOP") == "1" else None
if DPOP:
    MCP_AUTHORIZATION_SERVER_METADATA["dpop_signing_alg_values_supported"] = [
        "ES256",
        "EdDSA",
        "RS256",
    ]
if "MCP_ISSUER" not in os.environ:
    # Without a pinned issuer, sign_jwt refuses. MCP endpoints refuse the toolkit's random tokens.
    del OAUTH2_PROVIDER["ACCESS_TOKEN_GENERATOR"]
    # The `iss` of an answer depends on the host of its request: make no promise to clients.
    del MCP_AUTHORIZATION_SERVER_METADATA["authorization_response_iss_parameter_supported"]
# `check --deploy` warns about http in redirect URIs. Redirects to the user's own machine need it
# (RFC 8252), and the preset refuses all other http URIs.
SILENCED_SYSTEM_CHECKS = ["oauth2_provider.W008"]

LOGIN_REDIRECT_URL = "home"

# On this machine the site uses plain http. Set HTTPS=1 only behind a proxy that ends TLS and sets
# X-Forwarded-Proto itself: otherwise clients could set that header.
if os.environ.get("HTTPS") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
