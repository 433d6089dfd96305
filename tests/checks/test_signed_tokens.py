"""Keys that a project needs because it signs tokens."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from django.db import connection
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.checks import RULES
from mcp_oauth_discovery.contrib.oauth_toolkit import access_token
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt
from tests.keys import DAY, make_key

GENERATOR = "mcp_oauth_discovery.contrib.oauth_toolkit.access_token"


@pytest.fixture
def signs_tokens(stored, settings):
    """Have django-oauth-toolkit make its tokens with this app, and announce no ID Tokens."""
    settings.OAUTH2_PROVIDER = {"ACCESS_TOKEN_GENERATOR": GENERATOR}
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        **settings.MCP_AUTHORIZATION_SERVER_METADATA,
        "id_token_signing_alg_values_supported": None,
    }


@pytest.mark.django_db
def test_tokens_are_to_be_signed_and_no_key_is_there(signs_tokens, stored, run):
    [message] = run(databases=["default"])
    assert message.id == "mcp_oauth_discovery.W039"
    assert message.msg.startswith("No key for EdDSA, the first of MCP_SIGNING_ALGORITHMS")
    assert "mcp_keys rotate" in message.hint
    rotation.rotate("EdDSA")
    assert stored() == []


@pytest.mark.django_db
@pytest.mark.parametrize("dates", [{"activates_at": 1}, {"retires_at": -1}, {"revoked_at": -1}])
def test_tokens_are_to_be_signed_and_no_key_is_active(signs_tokens, stored, dates):
    now = timezone.now()
    make_key(**{name: now + days * DAY for name, days in dates.items()}, created_at=now)
    assert "W039" in stored()


@pytest.mark.django_db
def test_tokens_are_signed_by_the_first_algorithm(signs_tokens, stored, settings):
    settings.MCP_SIGNING_ALGORITHMS = ["ES256", "EdDSA"]
    rotation.rotate("EdDSA")
    assert stored() == ["W039"]
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    assert stored() == []


@pytest.mark.django_db
def test_keys_that_were_made_here_show_that_tokens_are_signed(key, stored, server, settings):
    server(id_token_signing_alg_values_supported=None)
    SigningKey.objects.update(revoked_at=timezone.now() - DAY)
    assert stored() == ["W039"]
    server(jwks_uri=None)
    assert stored() == []


@pytest.mark.django_db
@pytest.mark.parametrize("issuer", [None, lambda request: "https://app.example.com"])
def test_key_for_an_issuer_that_is_not_pinned(key, run, settings, issuer):
    """`manage.py check` says so, without a database to look into."""
    settings.MCP_ISSUER = issuer
    [message] = [one for one in run() if one.id.endswith("W048")]
    assert message.msg.startswith("MCP_ISSUER is ")
    assert f"this site has keys, such as {key}, and nothing can be signed" in message.msg
    assert 'add "mcp_oauth_discovery.W048" to SILENCED_SYSTEM_CHECKS' in message.hint
    assert 'MCP_ISSUER = "https://app.example.com"' in message.hint


@pytest.mark.parametrize("generator", [GENERATOR, access_token], ids=["name", "function"])
@pytest.mark.parametrize("issuer", [None, lambda request: "https://app.example.com"])
def test_tokens_for_an_issuer_that_is_not_pinned(signs_tokens, run, settings, issuer, generator):
    settings.OAUTH2_PROVIDER = {"ACCESS_TOKEN_GENERATOR": generator}
    settings.MCP_ISSUER = issuer
    [message] = [one for one in run() if one.id.endswith("W040")]
    assert message.msg.startswith("MCP_ISSUER is ")
    assert "ACCESS_TOKEN_GENERATOR" in message.msg
    assert 'MCP_ISSUER = "https://app.example.com"' in message.hint


@pytest.mark.django_db
def test_key_and_tokens_without_a_pinned_issuer_are_one_fault(signs_tokens, key, stored, settings):
    settings.MCP_ISSUER = None
    assert [one for one in stored() if one in ("W039", "W040", "W048")] == ["W040"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "toolkit", [{}, {"ACCESS_TOKEN_GENERATOR": "project.tokens.opaque"}], ids=repr
)
def test_tokens_of_another_generator_need_no_key(signs_tokens, stored, settings, toolkit):
    settings.OAUTH2_PROVIDER = toolkit
    assert stored() == []


@pytest.mark.django_db
def test_tokens_of_another_site_need_no_key(signs_tokens, stored, settings):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert stored() == []


@pytest.mark.django_db
def test_database_of_a_test_run_signs_no_tokens(signs_tokens, stored, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["manage.py", "test", "app"])
    assert stored() == []


@pytest.fixture
def caller(monkeypatch):
    """Load a module of the project that calls `sign_jwt`."""
    module = ModuleType("shop.tokens")
    module.sign_jwt = sign_jwt
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.django_db
def test_code_that_signs_needs_a_key(caller, stored, run, server):
    server(id_token_signing_alg_values_supported=None)
    [message] = run(databases=["default"])
    assert message.id.endswith("W039")
    assert "is active, and shop.tokens calls sign_jwt. sign_jwt raises" in message.msg
    rotation.rotate("EdDSA")
    assert stored() == []


@pytest.mark.django_db
def test_code_that_signs_may_name_another_algorithm(caller, stored, server, settings):
    server(id_token_signing_alg_values_supported=None, jwks_uri=None)
    settings.MCP_SIGNING_ALGORITHMS = ["ES256", "EdDSA"]
    rotation.rotate("EdDSA")
    assert stored() == []


def test_code_that_signs_needs_a_pinned_issuer(caller, run, settings):
    settings.MCP_ISSUER = None
    [message] = [one for one in run() if one.id.endswith("W040")]
    assert "shop.tokens calls sign_jwt, which refuses" in message.msg


@pytest.mark.django_db
@pytest.mark.parametrize("dates", [{"activates_at": 1}, {}], ids=["pending", "active"])
def test_key_that_will_sign_needs_a_pinned_issuer(ids, settings, dates):
    now = timezone.now()
    make_key(**{name: now + days * DAY for name, days in dates.items()}, created_at=now)
    settings.MCP_ISSUER = None
    assert "W048" in ids()


@pytest.mark.django_db
def test_keys_that_sign_no_more_need_no_issuer(key, ids, settings):
    settings.MCP_ISSUER = None
    SigningKey.objects.update(revoked_at=timezone.now() - DAY)
    assert "W048" not in ids()


@pytest.mark.django_db
def test_site_without_keys_needs_no_issuer(ids, settings):
    settings.MCP_ISSUER = None
    assert "W048" not in ids()


def test_keys_that_must_not_be_read_are_no_keys(ids, settings, monkeypatch):
    """This test may not use the database, like many tests of a project."""
    settings.MCP_ISSUER = None
    # With the name that the database of the test run has, nothing would be read.
    monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")
    assert "W048" not in ids()


@pytest.mark.django_db
def test_keys_are_read_in_every_check_only_while_the_issuer_is_not_pinned(
    key, django_assert_num_queries, settings
):
    with django_assert_num_queries(0):
        assert RULES["W048"].check(app_configs=None) == []
    settings.MCP_ISSUER = None
    assert len(RULES["W048"].check(app_configs=None)) == 1


@pytest.mark.django_db
def test_database_of_a_test_run_has_no_keys_to_sign_with(key, ids, settings, monkeypatch):
    settings.MCP_ISSUER = None
    monkeypatch.setattr(sys, "argv", ["manage.py", "test", "app"])
    assert "W048" not in ids()


def test_check_does_not_create_the_file_of_the_database(
    settings, monkeypatch, healthy_site, tmp_path
):
    settings.MCP_ISSUER = None
    path = tmp_path / "new.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", path)
    monkeypatch.setattr(connection, "vendor", "sqlite")
    assert RULES["W048"].check(app_configs=None) == []
    assert not path.exists()
