from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connections
from django.middleware.security import SecurityMiddleware


@pytest.fixture
def unpinned(settings, healthy_site):
    del settings.MCP_ISSUER


def test_issuer_that_is_not_pinned(unpinned, run):
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W013"
    assert message.msg.startswith("MCP_ISSUER is not set")
    assert "MCP_ISSUER = " in message.hint


def test_issuer_that_is_not_pinned_is_no_concern_before_deployment(unpinned):
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


def test_any_host_for_an_issuer_that_is_not_pinned(unpinned, settings, run):
    settings.ALLOWED_HOSTS = ["*"]
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W014"
    assert "ALLOWED_HOSTS has '*'" in message.msg


def test_forwarded_host_for_an_issuer_that_is_not_pinned(unpinned, settings, run):
    settings.USE_X_FORWARDED_HOST = True
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W015"
    assert "USE_X_FORWARDED_HOST is True" in message.msg


def test_any_host_and_forwarded_host_are_two_things(unpinned, settings, ids):
    settings.USE_X_FORWARDED_HOST = True
    settings.ALLOWED_HOSTS = ["*"]
    assert ids() == ["W014", "W015"]


def test_any_host_for_a_pinned_issuer_is_healthy(settings, ids):
    settings.USE_X_FORWARDED_HOST = True
    settings.ALLOWED_HOSTS = ["*"]
    assert ids() == []


def test_site_that_does_not_use_its_issuer_need_not_pin_it(unpinned, settings, ids):
    settings.ALLOWED_HOSTS = ["*"]
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert ids() == ["W014"]
    settings.MCP_RESOURCES = {"https://app.example.com/mcp": {}}
    assert ids() == []


def test_member_that_is_joined_to_the_issuer_needs_it_pinned(unpinned, settings, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    settings.MCP_RESOURCE_METADATA = {"jwks_uri": "/keys"}
    assert ids() == ["W013"]


@pytest.fixture
def redirecting(settings, healthy_site):
    settings.SECURE_SSL_REDIRECT = True


def test_redirect_to_https_without_the_header_of_the_proxy(redirecting, run):
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W016"
    assert message.msg.startswith("SECURE_SSL_REDIRECT is True, and SECURE_PROXY_SSL_HEADER is not")
    assert "SECURE_PROXY_SSL_HEADER = (" in message.hint


def test_redirect_to_https_is_told_before_deployment_as_well(redirecting):
    [message] = run_checks(tags=["mcp_oauth_discovery"])
    assert message.id == "mcp_oauth_discovery.W016"


def test_redirect_to_https_is_told_with_how_to_say_that_it_ends(redirecting, run):
    [message] = run()
    assert "If the application server ends TLS" in message.hint
    assert message.hint.endswith("silence this check.")


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("MCP_RESOURCE", "https://app.example.com/mcp", "MCP_RESOURCE"),
        (
            "MCP_RESOURCES",
            {"https://app.example.com/mcp": {}},
            "MCP_RESOURCES['https://app.example.com/mcp']",
        ),
    ],
)
def test_redirect_to_https_for_a_resource_whose_issuer_is_not_pinned(
    redirecting, settings, run, name, value, setting
):
    settings.MCP_ISSUER = None
    setattr(settings, name, value)
    told = {message.id[-4:]: message.msg for message in run()}
    assert list(told) == ["W013", "W016"]
    assert f"TLS for https://app.example.com/mcp ({setting})" in told["W016"]


class OwnSecurity(SecurityMiddleware):
    pass


def test_redirect_to_https_of_a_subclass(redirecting, settings, ids):
    settings.MIDDLEWARE = [f"{__name__}.OwnSecurity"]
    assert ids() == ["W016"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("SECURE_SSL_REDIRECT", False),
        ("MIDDLEWARE", []),
        ("MCP_ISSUER", "http://localhost:8000"),
        ("MCP_ISSUER", lambda request: 1 / 0),
    ],
)
def test_redirect_to_https_that_ends_is_healthy(redirecting, settings, ids, name, value):
    setattr(settings, name, value)
    assert ids() == []


@pytest.fixture
def database(healthy_site, monkeypatch):
    """Put the keys in a database of this kind, without a query."""
    for name in ("PGSERVICE", "PGCONNECT_TIMEOUT", "PGOPTIONS"):
        monkeypatch.delenv(name, raising=False)

    def database(vendor, **options):
        monkeypatch.setattr(type(connections["default"]), "vendor", vendor)
        monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)

    return database


POSTGRESQL = {"connect_timeout": 2, "options": "-c statement_timeout=5000"}
MYSQL = {"connect_timeout": 2, "read_timeout": 5}


def without(options, name):
    return {key: value for key, value in options.items() if key != name}


@pytest.mark.parametrize(
    ("vendor", "problem", "hint"),
    [
        (
            "postgresql",
            "DATABASES['default']['OPTIONS'] lacks connect_timeout and statement_timeout. "
            "This PostgreSQL database has the signing keys.",
            "Add to DATABASES['default']['OPTIONS']: "
            '"connect_timeout": 2, "options": "-c statement_timeout=5000".',
        ),
        (
            "mysql",
            "DATABASES['default']['OPTIONS'] lacks connect_timeout and read_timeout. "
            "This MySQL or MariaDB database has the signing keys.",
            "Add to DATABASES['default']['OPTIONS']: \"connect_timeout\": 2, \"read_timeout\": 5.",
        ),
    ],
)
def test_database_without_a_timeout_is_reported(database, run, vendor, problem, hint):
    database(vendor)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W037"
    assert message.msg.startswith(problem)
    assert message.hint == hint


def test_database_is_not_checked_before_deployment(database):
    database("postgresql")
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


@pytest.mark.parametrize(
    ("vendor", "options", "lacking"),
    [
        ("postgresql", without(POSTGRESQL, "connect_timeout"), "connect_timeout"),
        ("postgresql", POSTGRESQL | {"connect_timeout": 0}, "connect_timeout"),
        ("postgresql", POSTGRESQL | {"connect_timeout": "-1"}, "connect_timeout"),
        ("postgresql", without(POSTGRESQL, "options"), "statement_timeout"),
        ("postgresql", POSTGRESQL | {"options": "-c statement_timeout=0"}, "statement_timeout"),
        ("postgresql", POSTGRESQL | {"options": "-c lock_timeout=5000"}, "statement_timeout"),
        (
            "postgresql",
            POSTGRESQL | {"options": "-c statement_timeout=9 -c statement_timeout=0"},
            "statement_timeout",
        ),
        ("mysql", without(MYSQL, "connect_timeout"), "connect_timeout"),
        ("mysql", without(MYSQL, "read_timeout"), "read_timeout"),
        ("mysql", MYSQL | {"read_timeout": 0}, "read_timeout"),
    ],
)
def test_missing_timeout_is_named(database, run, vendor, options, lacking):
    database(vendor, **options)
    [message] = run()
    assert f" lacks {lacking}." in message.msg


def test_parameters_that_are_there_are_kept(database, run):
    database("postgresql", connect_timeout=2, options="-c search_path=mcp")
    [message] = run()
    assert '"options": "-c search_path=mcp -c statement_timeout=5000".' in message.hint
    assert "If ALTER ROLE or ALTER DATABASE sets it" in message.hint


@pytest.mark.parametrize(
    ("vendor", "options"),
    [
        ("postgresql", POSTGRESQL),
        ("postgresql", POSTGRESQL | {"options": "-c search_path=mcp -cstatement_timeout='5s'"}),
        ("postgresql", POSTGRESQL | {"options": "--statement-timeout=5000"}),
        ("postgresql", {"service": "mcp"}),
        ("mysql", MYSQL),
        ("mysql", {"read_default_file": "/etc/mysql/my.cnf"}),
        ("sqlite", {}),
        ("oracle", {}),
        ("unknown", {}),
    ],
)
def test_database_with_timeouts_is_healthy(database, ids, vendor, options):
    database(vendor, **options)
    assert ids() == []


@pytest.mark.parametrize(
    "environment",
    [
        {"PGCONNECT_TIMEOUT": "2", "PGOPTIONS": "-c statement_timeout=5000"},
        {"PGSERVICE": "mcp"},
    ],
)
def test_timeouts_of_the_environment_count(database, monkeypatch, ids, environment):
    database("postgresql")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ids() == []


def test_environment_of_postgresql_is_not_that_of_mysql(database, monkeypatch, ids):
    database("mysql", read_timeout=5)
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    monkeypatch.setenv("PGSERVICE", "mcp")
    assert ids() == ["W037"]


def test_database_of_another_authorization_server_is_not_checked(database, settings, ids):
    database("postgresql")
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert ids() == []


class Elsewhere:
    def db_for_read(self, model, **hints):
        return "elsewhere"


def test_database_that_is_not_configured_is_for_django_to_report(database, settings, ids):
    database("postgresql")
    settings.DATABASE_ROUTERS = [Elsewhere()]
    assert ids() == []
