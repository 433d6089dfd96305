from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.urls import include, path

from mcp_oauth_discovery import rotation
from tests.checks.protected import VIEWS
from tests.urls import page

OURS = path("", include("mcp_oauth_discovery.urls"))
OAUTH = [
    path("o/authorize/", page, name="authorize"),
    path("o/token/", page, name="token"),
    path("o/register/", page, name="dcr-register"),
]
MCP = path("mcp", page)
MIDDLEWARE = [
    "mcp_oauth_discovery.middleware.DiscoveryMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@pytest.fixture
def urlconf(settings):
    """Replace the URLconf by one of these patterns."""

    def urlconf(*patterns):
        module = ModuleType("urls_of_the_test")
        module.urlpatterns = list(patterns)
        settings.ROOT_URLCONF = module

    return urlconf


HOSTS = "django_hosts.middleware.HostsRequestMiddleware"

# For the runs of these tests on a database server.
TIMEOUTS = {
    "postgresql": {"connect_timeout": 30, "options": "-c statement_timeout=60000"},
    "mysql": {"connect_timeout": 30, "read_timeout": 60},
}


@pytest.fixture
def healthy_site(settings, monkeypatch, urlconf, cors_by_settings_alone):
    """Make the site one that has nothing to be told about; a test then spoils one thing."""
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "registration_endpoint": "dcr-register",
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }
    settings.MCP_ALLOWED_ORIGINS = ["https://client.example.com"]
    settings.MIDDLEWARE = MIDDLEWARE
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", TIMEOUTS.get(connection.vendor, {}))
    urlconf(OURS, *OAUTH, MCP)


@pytest.fixture
def by_host(settings, healthy_site, urlconf, monkeypatch):
    """Have the root URLconf serve a page, and these patterns belong to another host."""

    def by_host(*patterns):
        module, hosts = ModuleType("urls_of_the_host"), ModuleType("hosts_of_the_test")
        module.urlpatterns = list(patterns)
        hosts.host_patterns = [
            SimpleNamespace(urlconf=one) for one in (settings.ROOT_URLCONF, module)
        ]
        monkeypatch.setitem(sys.modules, hosts.__name__, hosts)
        settings.ROOT_HOSTCONF = hosts.__name__
        settings.MIDDLEWARE = [MIDDLEWARE[0], HOSTS, *MIDDLEWARE[1:]]

    urlconf(path("page/", page))
    return by_host


@pytest.fixture
def run(healthy_site):
    """Return all messages of our checks, those for deployment included."""

    def run(**kwargs):
        tags = ["mcp_oauth_discovery", *(["database"] if kwargs else [])]
        messages = run_checks(tags=tags, include_deployment_checks=True, **kwargs)
        ours = [message for message in messages if message.id.startswith("mcp_oauth_discovery.")]
        # Django keeps checks in a set.
        return sorted(ours, key=lambda message: message.id)

    return run


@pytest.fixture
def ids(run):
    """Return the IDs of all messages, less what they have in common."""

    def ids(**kwargs):
        return [message.id.removeprefix("mcp_oauth_discovery.") for message in run(**kwargs)]

    return ids


@pytest.fixture
def server(settings, healthy_site):
    """Set members of the authorization server metadata."""

    def server(**members):
        settings.MCP_AUTHORIZATION_SERVER_METADATA = {
            **settings.MCP_AUTHORIZATION_SERVER_METADATA,
            **members,
        }

    return server


@pytest.fixture
def views(urlconf):
    """Route a view of one kind for each of these scopes."""

    def views(*scopes, name="/mcp", kind="function"):
        patterns = [
            path(f"views/{place}", VIEWS[kind](name, scope)) for place, scope in enumerate(scopes)
        ]
        urlconf(OURS, *OAUTH, MCP, *patterns)

    return views


@pytest.fixture
def stored(ids, settings):
    """Return the IDs of all messages, on a site that signs by EdDSA, once its database is asked."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    return lambda: ids(databases=["default"])


@pytest.fixture
def key(stored, db):
    return rotation.rotate("EdDSA")
