from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.checks import RULES
from mcp_oauth_discovery.models import SigningKey
from tests.deprecations import STRICT
from tests.keys import DAY, NOW, broken_database, make_key, missing_tables
from tests.markdown import CHECKOUT


@pytest.mark.django_db
def test_algorithm_without_a_key(stored, run):
    [message] = run(databases=["default"])
    assert message.id == "mcp_oauth_discovery.W029"
    assert message.msg.startswith("MCP_SIGNING_ALGORITHMS has EdDSA, and no active key")
    assert "mcp_keys rotate" in message.hint
    rotation.rotate("EdDSA")
    assert stored() == []


def test_one_algorithm_of_two_without_a_key(key, settings, run):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    [message] = run(databases=["default"])
    assert message.msg.startswith("MCP_SIGNING_ALGORITHMS has ES256, and no active key")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "dates", [{"activates_at": 1}, {"retires_at": -1}, {"revoked_at": -1}, {"expires_at": -1}]
)
def test_key_that_does_not_sign_is_none(stored, dates):
    now = timezone.now()
    make_key(**{name: now + days * DAY for name, days in dates.items()}, created_at=now)
    assert "W029" in stored()


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["W029", "W030", "W031", "W039"])
def test_database_is_asked_only_when_that_is_wanted(stored, django_assert_num_queries, number):
    for databases in (None, [], ["other"]):
        with django_assert_num_queries(0):
            assert RULES[number].check(app_configs=None, databases=databases) == []


def test_tag_of_this_app_asks_no_database(stored, ids):
    assert ids() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "members",
    [
        {"id_token_signing_alg_values_supported": None},
        {"jwks_uri": "https://app.example.com/o/token/"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["PS512"]},
    ],
)
def test_server_that_announces_no_key_of_ours_needs_none(stored, server, members):
    server(**members)
    assert stored() == []


@pytest.mark.django_db
def test_site_with_another_server_needs_no_key_unless_it_signs_its_metadata(stored, settings):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    assert stored() == []
    settings.MCP_SIGNED_METADATA = True
    assert stored() == ["W029"]
    rotation.rotate("EdDSA")
    assert stored() == []


@pytest.mark.django_db
def test_nothing_is_signed_for_an_issuer_that_is_not_pinned(stored, settings):
    settings.MCP_ISSUER = lambda request: 1 / 0
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    settings.MCP_SIGNED_METADATA = True
    assert stored() == []


@pytest.mark.django_db
def test_database_of_a_test_run_has_no_keys_and_needs_none(stored, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["manage.py", "test", "app"])
    assert stored() == []


def test_rotation_that_is_overdue(key, run):
    SigningKey.objects.update(activates_at=NOW)
    [message] = run(databases=["default"])
    assert message.id == "mcp_oauth_discovery.W030"
    assert message.msg.startswith(f"The EdDSA key {key} was due for replacement on 2026-04-01")
    assert message.msg.endswith("MCP_KEY_ROTATION_INTERVAL is 90 days.")
    assert "mcp_keys rotate --if-due" in message.hint


def test_rotation_that_is_due_waits_for_cron(key, stored):
    SigningKey.objects.update(activates_at=timezone.now() - 89.5 * DAY)
    assert stored() == []


def test_key_with_a_successor_is_not_overdue(key, stored):
    SigningKey.objects.update(activates_at=timezone.now() - 92 * DAY)
    rotation.rotate("EdDSA")
    assert stored() == []


def test_key_whose_successor_signs_in_years_is_overdue(key, run):
    SigningKey.objects.update(activates_at=NOW)
    rotation.rotate("EdDSA", now=timezone.now() + 3 * 365 * DAY)
    [message] = run(databases=["default"])
    assert message.msg.startswith(f"The EdDSA key {key} was due for replacement on 2026-04-01")
    rotation.rotate("EdDSA", if_due=True)
    assert run(databases=["default"]) == []


def test_key_of_an_algorithm_that_is_no_longer_wanted_is_not_overdue(key, stored, settings):
    rotation.rotate("ES256")
    SigningKey.objects.filter(pk=key.pk).update(activates_at=timezone.now() - 92 * DAY)
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    assert stored() == []


@pytest.mark.django_db
def test_revoked_key_is_not_overdue(key, stored):
    # A successor would be silence enough: the revoked one has to be the last.
    SigningKey.objects.update(
        activates_at=timezone.now() - 92 * DAY, revoked_at=timezone.now() - DAY
    )
    assert stored() == ["W029"]


def test_imported_key_that_somebody_else_signs_with_is_not_overdue(key, stored):
    taken_in = timezone.now() - 92 * DAY
    make_key(activates_at=taken_in, retires_at=taken_in, private=False)
    assert stored() == []


def test_key_that_cannot_be_decrypted(key, settings, run):
    settings.SECRET_KEY = "another secret"
    [message] = run(databases=["default"])
    assert message.id == "mcp_oauth_discovery.W031"
    assert message.msg.startswith(f"Nothing can be signed with {key}. ")
    assert "SECRET_KEY_FALLBACKS" in message.hint
    assert f"mcp_keys retire {key}" in message.hint


def test_key_that_cannot_be_published(key, run):
    SigningKey.objects.update(public_jwk={**key.public_jwk, "x": "AAAA"})
    [message] = run(databases=["default"])
    assert message.id == "mcp_oauth_discovery.W031"
    assert message.msg.startswith(f"Nothing can be signed with {key}. ")
    assert message.hint == f"Run 'manage.py mcp_keys revoke {key}'."


def test_pending_key_that_cannot_be_decrypted(key, settings, stored):
    SigningKey.objects.update(activates_at=timezone.now() - 92 * DAY)
    settings.MCP_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    rotation.rotate("EdDSA")
    settings.MCP_KEY_ENCRYPTION_KEYS = None
    assert stored() == ["W031"]


def test_key_that_has_a_former_secret_is_healthy(key, settings, stored):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret"
    assert stored() == []


@pytest.mark.django_db
@pytest.mark.parametrize("over", ["retires_at", "expires_at", "revoked_at"])
def test_key_that_signs_no_more_need_not_be_decrypted(key, settings, ids, over):
    SigningKey.objects.update(**{over: timezone.now() - DAY})
    settings.SECRET_KEY = "another secret"
    assert ids(databases=["default"]) == ["W029"]


def test_key_without_a_private_half_is_not_undecipherable(key, settings, stored):
    SigningKey.objects.update(private_key="")
    settings.SECRET_KEY = "another secret"
    assert stored() == []


def test_project_without_a_secret_is_checked(key, settings, stored):
    settings.SECRET_KEY = ""
    assert stored() == []


@pytest.mark.django_db
def test_database_that_is_down_is_reported_once(stored):
    with broken_database():
        assert stored() == ["W049"]


@pytest.mark.django_db
def test_database_that_is_down_is_not_reported_where_nothing_is_signed(stored, settings):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    with broken_database():
        assert stored() == []


def test_tables_that_are_missing_are_not_reported(stored, transactional_db):
    with missing_tables():
        assert stored() == []


def test_database_before_the_first_migration_is_healthy():
    command = [sys.executable, "-m", "django", "check", "--database", "default"]
    env = {"DJANGO_SETTINGS_MODULE": "tests.checks.bare_settings", "PATH": "", **STRICT}
    result = subprocess.run(
        command, env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "W029" not in result.stderr


def test_check_is_in_english_on_a_german_site(settings, key, run):
    settings.LANGUAGE_CODE = "de"
    SigningKey.objects.update(activates_at=NOW)
    [message] = run(databases=["default"])
    assert message.msg.endswith("MCP_KEY_ROTATION_INTERVAL is 90 days.")
