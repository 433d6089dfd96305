from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("name", "meant"),
    {
        "MCP_ISUER": "MCP_ISSUER",
        "MCP_AUTHORIZATION_SERVER": "MCP_AUTHORIZATION_SERVERS",
        "MCP_JWKS_MAXAGE": "MCP_JWKS_MAX_AGE",
        "MCP_KEYS_ENCRYPTION_KEYS": "MCP_KEY_ENCRYPTION_KEYS",
        "MCP_RESOURCE_URL": "MCP_RESOURCE",
        "MCP_RESOURCE_IDENTIFIER": "MCP_RESOURCE",
        "MCP_PROTECTED_RESOURCE": "MCP_RESOURCE",
        "MCP_PROTECTED_RESOURCES": "MCP_RESOURCES",
        "MCP_AUTH_SERVER_URL": "MCP_AUTHORIZATION_SERVERS",
        "MCP_OAUTH_SERVERS": "MCP_AUTHORIZATION_SERVERS",
        "MCP_AUTHZ_SERVERS": "MCP_AUTHORIZATION_SERVERS",
        "MCP_SIGNING_ALGS": "MCP_SIGNING_ALGORITHMS",
    }.items(),
)
def test_near_miss_is_told_with_the_name_that_is_meant(settings, run, name, meant):
    setattr(settings, name, "x")
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W004"
    assert message.msg.startswith(f"{name} is ")
    assert message.hint.startswith(f"Write {meant}.")


def test_other_word_for_a_setting_is_told_while_the_setting_is_not_there(settings, ids):
    settings.MCP_RESOURCE_URI = "https://app.example.com/mcp"
    assert ids() == ["W004"]
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    assert ids() == []


def test_short_word_for_a_setting_is_told_while_the_setting_is_not_there(settings, ids):
    settings.MCP_AUTH_SERVERS = ["https://app.example.com"]
    assert ids() == ["W004"]
    settings.MCP_AUTHORIZATION_SERVERS = ["https://app.example.com"]
    assert ids() == []


def test_value_of_a_near_miss_is_not_shown(settings, run):
    settings.MCP_KEY_ENCRYPTION_KEY = "hunter2"
    [message] = run()
    assert "hunter2" not in f"{message.msg} {message.hint}"


# Of django-mcp, django-mcp-server, mcp-django and django-mcpz, and what projects make up.
OTHERS = [
    "MCP_AUTH",
    "MCP_AUTH_CLASSES",
    "MCP_AUTH_ENABLED",
    "MCP_AUTH_REQUIRED",
    "MCP_AUTH_SERVICE",
    "MCP_AUTH_SETTINGS",
    "MCP_AUTH_TOKEN",
    "MCP_OAUTH_CLIENT_ID",
    "MCP_OAUTH_PROVIDER",
    "MCP_OAUTH_SCOPES",
    "MCP_SERVERS",
    "MCP_SERVER_NAME",
    "MCP_URL",
    "MCP_LOG_LEVEL",
    "MCP_SERVER_TITLE",
    "MCP_SERVER_VERSION",
    "MCP_SERVER_INSTRUCTIONS",
    "MCP_SERVER_URL",
    "MCP_DIRS",
    "MCP_PATCH_SDK_TOOL_LOGGING",
    "MCP_PATCH_SDK_GET_CONTEXT",
    "MCP_ENABLED",
    "MCP_USER",
    "MCP_TOKEN",
    "MCP_AUDIENCE",
    "MCP_SCOPES",
    "MCP_TOOLS",
    "MCP_OAUTH_ENABLED",
    "MCP_AUTHENTICATION_CLASSES",
    "DJANGO_MCP_GLOBAL_SERVER_CONFIG",
    "DJANGO_MCP_AUTHENTICATION_CLASSES",
    "ISSUER",
]


def test_settings_of_somebody_else_are_none_of_our_business(settings, ids):
    for name in OTHERS:
        setattr(settings, name, "x")
    assert ids() == []
