from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from mcp_oauth_discovery import checks
from tests import ORIGIN


def ids():
    return [message.id.removeprefix("mcp_oauth_discovery.") for message in checks.check_settings()]


def test_nothing_configured_is_healthy():
    assert ids() == []


@pytest.mark.parametrize(
    "configured",
    [
        {"MCP_ISSUER": ORIGIN},
        {"MCP_ISSUER": lambda request: 1 / 0, "MCP_RESOURCE": lambda request: 1 / 0},
        {"MCP_ISSUER": "http://localhost:8000"},
        {"MCP_RESOURCES": {"/a": {}, "/b": {"enabled": False}, "https://h/mcp?t=1": {"x": 1}}},
        {"MCP_AUTHORIZATION_SERVERS": ["https://login.example.com"]},
        {"MCP_AUTHORIZATION_SERVER_METADATA": {"token_endpoint": "oauth2_provider:token"}},
        {"MCP_RESOURCE_METADATA": {"scopes_supported": ["mcp"], "resource_name#fr": "Dossiers"}},
    ],
    ids=["issuer", "callables", "loopback", "resources", "servers", "pattern", "members"],
)
def test_configured_project_is_healthy(settings, configured):
    for name, value in configured.items():
        setattr(settings, name, value)
    assert ids() == []


def test_one_fault_is_said_once(settings):
    settings.MCP_ISSUER = "nonsense"
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    assert ids() == ["E001"]


def test_every_faulty_setting_is_said(settings):
    settings.MCP_ISSUER = "nonsense"
    settings.MCP_RESOURCE = "nonsense"
    settings.MCP_AUTHORIZATION_SERVERS = "nonsense"
    settings.MCP_SIGNING_ALGORITHMS = "nonsense"
    settings.MCP_METADATA_MAX_AGE = "nonsense"
    settings.MCP_JWKS_MAX_AGE = "nonsense"
    assert ids() == ["E001", "E005", "E002", "E007", "E008", "E009"]


def test_every_faulty_setting_of_the_key_store_is_said(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = "nonsense"
    settings.MCP_KEY_ENCRYPTION_KEYS = "nonsense"
    settings.MCP_SIGNED_METADATA = "nonsense"
    assert ids() == ["E010", "E013", "E014"]


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("MCP_KEY_ROTATION_INTERVAL", timedelta(0), "E010"),
        ("MCP_KEY_ROTATION_INTERVAL", timedelta(hours=23), "E010"),
        ("MCP_KEY_PUBLISH_AHEAD", timedelta(seconds=-1), "E011"),
        ("MCP_KEY_PUBLISH_AHEAD", timedelta(seconds=299), "E011"),
        ("MCP_KEY_RETENTION", timedelta(0), "E012"),
        ("MCP_KEY_ENCRYPTION_KEYS", [], "E013"),
        ("MCP_SIGNED_METADATA", 1, "E014"),
    ],
)
def test_check_of_the_key_store_needs_no_database(settings, name, value, id_):
    setattr(settings, name, value)
    assert ids() == [id_]


def test_contradiction_is_said_once_with_a_hint(settings):
    settings.MCP_JWKS_MAX_AGE = 7 * 86400
    (message,) = checks.check_settings()
    assert message.id == "mcp_oauth_discovery.E011"
    assert "MCP_JWKS_MAX_AGE (7 days, 0:00:00)" in message.msg
    assert message.hint == "Write a longer span, or a shorter MCP_JWKS_MAX_AGE."


def test_each_of_several_contradictions_is_said(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(hours=1)
    settings.MCP_KEY_PUBLISH_AHEAD = timedelta(hours=2)
    settings.MCP_KEY_RETENTION = timedelta(0)
    settings.MCP_JWKS_MAX_AGE = 7201
    assert ids() == ["E012", "E010", "E011"]


def test_each_span_that_is_none_is_said(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = settings.MCP_KEY_PUBLISH_AHEAD = 7
    settings.MCP_KEY_RETENTION = None
    assert ids() == ["E010", "E011", "E012"]


def test_wrong_interval_hides_no_other_contradiction(settings):
    settings.MCP_KEY_ROTATION_INTERVAL = None
    settings.MCP_JWKS_MAX_AGE = 86401
    assert ids() == ["E010", "E011"]


def test_check_shows_no_encryption_key(settings):
    settings.MCP_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), "hunter2"]
    (message,) = checks.check_settings()
    assert "number 2 is not a Fernet key" in message.msg
    assert not any(
        key in f"{message.msg} {message.hint}" for key in settings.MCP_KEY_ENCRYPTION_KEYS
    )


def test_faulty_member_of_a_disabled_resource_is_said(settings):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False, "scopes_supported": "mcp"}}
    assert ids() == ["E003"]


@pytest.mark.parametrize("issuer", [None, lambda request: "https://app.example.com"])
def test_faulty_member_is_said_where_the_issuer_is_not_pinned(settings, issuer):
    settings.MCP_ISSUER = issuer
    settings.MCP_AUTHORIZATION_SERVERS = ["https://a.example.com", "https://b.example.com"]
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "nope"}
    assert ids() == ["E006"]


def test_document_that_nobody_can_ask_for_is_not_judged(settings):
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": None}
    assert ids() == []


def test_wrong_issuer_hides_no_other_fault(settings):
    settings.MCP_ISSUER = "app.example.com"
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": "mcp"}
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"grant_types_supported": "code"}
    assert sorted(ids()) == ["E001", "E004", "E006"]


def test_urls_that_are_not_included_are_no_error(settings):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    assert ids() == []


def test_process_without_urls_has_no_errors(settings):
    del settings.ROOT_URLCONF
    settings.MCP_ISSUER = "nonsense"
    assert ids() == []


@pytest.mark.parametrize("endpoint", ["token_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_client_authentication_by_jwt_without_algorithms_is_said(settings, endpoint, method):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {f"{endpoint}_auth_methods_supported": [method]}
    (message,) = checks.check_settings()
    assert message.id == "mcp_oauth_discovery.E015"
    member = f"{endpoint}_auth_signing_alg_values_supported"
    assert f"{member} cannot be left out while {endpoint}_auth_methods" in message.msg
    assert message.hint == (
        f'Write, for example, "{member}": ["RS256"], or leave the methods with JWTs out.'
    )


WRONG = {
    "E001": ("MCP_ISSUER", "nonsense"),
    "E002": ("MCP_RESOURCE", "nonsense"),
    "E003": ("MCP_RESOURCES", "nonsense"),
    "E004": ("MCP_RESOURCE_METADATA", "nonsense"),
    "E005": ("MCP_AUTHORIZATION_SERVERS", "nonsense"),
    "E006": ("MCP_AUTHORIZATION_SERVER_METADATA", "nonsense"),
    "E007": ("MCP_SIGNING_ALGORITHMS", "nonsense"),
    "E008": ("MCP_METADATA_MAX_AGE", "nonsense"),
    "E009": ("MCP_JWKS_MAX_AGE", "nonsense"),
    "E010": ("MCP_KEY_ROTATION_INTERVAL", "nonsense"),
    "E011": ("MCP_KEY_PUBLISH_AHEAD", "nonsense"),
    "E012": ("MCP_KEY_RETENTION", "nonsense"),
    "E013": ("MCP_KEY_ENCRYPTION_KEYS", "nonsense"),
    "E014": ("MCP_SIGNED_METADATA", "nonsense"),
    "E015": (
        "MCP_AUTHORIZATION_SERVER_METADATA",
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ),
    "E016": ("MCP_IMPLIED_SCOPES", "nonsense"),
    "E017": ("MCP_ALLOWED_ORIGINS", "nonsense"),
    "E018": ("MCP_SERVER_CARDS", "nonsense"),
    "E019": ("MCP_DPOP_NONCE_REQUIRED", "nonsense"),
}


@pytest.mark.parametrize("number", checks.ERROR_IDS)
def test_each_fault_has_an_id_of_its_own(settings, number):
    name, value = WRONG[number]
    setattr(settings, name, value)
    assert ids() == [number]


def test_checks_change_nothing(settings):
    settings.MCP_RESOURCES = {"/a": {"enabled": True, "scopes_supported": ["mcp"]}}
    checks.check_settings()
    assert settings.MCP_RESOURCES == {"/a": {"enabled": True, "scopes_supported": ["mcp"]}}


@pytest.mark.django_db
def test_check_command_fails_for_a_fault(settings):
    settings.MCP_ISSUER = "nonsense"
    with pytest.raises(SystemCheckError, match=r"\(mcp_oauth_discovery\.E001\) MCP_ISSUER is"):
        call_command("check")


def test_keys_at_rest_are_judged_without_a_secret_key(settings):
    settings.SECRET_KEY = ""
    assert ids() == []
