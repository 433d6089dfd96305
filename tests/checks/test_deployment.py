from __future__ import annotations

import pytest
from django.core.checks import run_checks
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
