"""The smallest honest site that MCP clients can sign in to.

It reads a few values from the environment, so that it can be tried behind a proxy or a tunnel
without an edit; a site of your own writes them down.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

from django.core.management.utils import get_random_secret_key
from django.http import HttpRequest

from mcp_oauth_discovery.cors import MCP_EXPOSED_HEADERS, MCP_REQUEST_HEADERS
from mcp_oauth_discovery.identity import Site

BASE_DIR = Path(__file__).resolve().parent
VAR_DIR = BASE_DIR / "var"
STATIC_ROOT = VAR_DIR / "static"
VAR_DIR.mkdir(mode=0o700, exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)


def _secret_key() -> str:
    """Make up a secret on the first start and keep it, for the sessions of the admin outlive it."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        draft = VAR_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        # A link appears whole or not at all, and never replaces what another process has made.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


SECRET_KEY = os.environ.get("SECRET_KEY") or _secret_key()
DEBUG = False
# A forged Host stops here; nothing of this site is ever derived from a host that is not listed.
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
    "mcp_oauth_discovery",
    "example_project",
]

MIDDLEWARE = [
    # First: the discovery documents are open to everybody, whatever the rest of the site says.
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

# The site's own policy: scripts of this origin, and of no other. `cors.py` opens the MCP servers
# and what their clients need to all origins, where the challenge of a 401 must be readable too.
# The discovery documents are open whatever is said here.
CORS_ALLOWED_ORIGINS = ["https://client.example.com"]
CORS_ALLOW_HEADERS = MCP_REQUEST_HEADERS
CORS_EXPOSE_HEADERS = MCP_EXPOSED_HEADERS

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
        # Writers queue up. Otherwise the second of two that have read before they write fails.
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

# Where DEBUG is off, Django itself says nothing of an error on the console. Nothing below WARNING:
# what the toolkit says there has codes in it.
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

# What a client may ask for, in the words of the consent page.
SCOPES = {
    "mcp": "Use the MCP server named below in your name",
    "reports": "Read the reports about this site",
}

# A site of your own pins who it is: MCP_ISSUER = "https://app.example.com". Without it the site
# derives its name from each request, which will do for a look at the documents and for no more:
# nothing is signed in the name of whatever host a request came to. `manage.py start` sets it.
MCP_RESOURCES = {
    "/mcp": {"resource_name": "People", "scopes_supported": ["mcp"]},
    "/reports/mcp": {"resource_name": "Reports", "scopes_supported": ["mcp", "reports"]},
}


def _people(request: HttpRequest) -> str:
    return urljoin(Site(request).issuer, "/mcp")


MCP_RESOURCE: str | Callable[[HttpRequest], str] = _people
if "MCP_ISSUER" in os.environ:
    MCP_ISSUER = os.environ["MCP_ISSUER"]
    MCP_RESOURCE = urljoin(MCP_ISSUER, "/mcp")
if "MCP_RESOURCE" in os.environ:
    MCP_RESOURCE = os.environ["MCP_RESOURCE"]
MCP_AUTHORIZATION_SERVER_METADATA = {
    "authorization_endpoint": "oauth2_provider:authorize",
    "token_endpoint": "oauth2_provider:token",
    "registration_endpoint": "oauth2_provider:dcr-register",
    "revocation_endpoint": "oauth2_provider:revoke-token",
    "scopes_supported": list(SCOPES),
    "client_id_metadata_document_supported": True,
    # authorization_response_iss_parameter_supported stays out: django-oauth-toolkit sends `iss`
    # with a code, but not when the user says no, and a client that was promised it would call
    # that an attack.
}

OAUTH2_PROVIDER = {
    # Codes and refresh tokens, nothing else: who registers here could otherwise choose the
    # password or the client credentials grant.
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",
    "SCOPES": SCOPES,
    "DEFAULT_SCOPES": ["mcp"],
    # Clients come unannounced: they register themselves, or their client_id is the URL of what
    # they would have registered.
    "DCR_ENABLED": True,
    "DCR_REGISTRATION_PERMISSION_CLASSES": ("example_project.clients.OpenRegistration",),
    "CIMD_ENABLED": True,
    "CIMD_METADATA_FETCHER": "example_project.clients.MetadataFetcher",
    "CIMD_REGISTRATION_PERMISSION_CLASSES": ("example_project.clients.FetchForThePage",),
    "OAUTH2_VALIDATOR_CLASS": "example_project.clients.Validator",
    # JWTs for the MCP servers. A refresh token is for the token endpoint alone: nobody else has
    # to be able to read it.
    "ACCESS_TOKEN_GENERATOR": "mcp_oauth_discovery.contrib.oauth_toolkit.access_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(os.environ.get("ACCESS_TOKEN_SECONDS", 15 * 60)),
    "REFRESH_TOKEN_GENERATOR": "oauthlib.oauth2.rfc6749.tokens.random_token_generator",
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 60 * 60,
    # A refresh token that comes a second time was stolen, now or before: the whole line ends. Not
    # where it comes at once: `Validator` lets it end nothing.
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # Ask each time. Otherwise a client that was let in once gets a token for another server.
    "REQUEST_APPROVAL_PROMPT": "force",
    # Clients on the user's own machine listen at a port that they do not know beforehand.
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", "cursor"],
    # The rest of RFC 9700: PKCE with S256 only, no tokens in URLs, none in clear in the database.
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    # What `iss` is beside a code: MCP_ISSUER to the letter.
    "OIDC_ISS_ENDPOINT": os.environ.get("MCP_ISSUER", ""),
}
if "MCP_ISSUER" not in os.environ:
    # Without a pinned issuer sign_jwt refuses. The random tokens of the toolkit open no endpoint.
    del OAUTH2_PROVIDER["ACCESS_TOKEN_GENERATOR"]
# Redirects to the user's own machine are plain http (RFC 8252), and there is no setting for these
# alone: `Validator` refuses all others.
SILENCED_SYSTEM_CHECKS = ["oauth2_provider.W008"]

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

# On this machine the site speaks plain http. With HTTPS=1 it stands behind a proxy that ends TLS
# and that sets X-Forwarded-Proto itself; set it nowhere else, for then clients could set it.
if os.environ.get("HTTPS") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
