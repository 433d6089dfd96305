"""The private half of a key: sealed, shown nowhere, and what is said when it cannot be had."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.models import FormerKey, SigningKey, Unusable
from tests.keys import DAY, EC, ED, NOW, RSA, VECTORS, as_file, is_private_in, make_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_private_half_is_sealed_and_unsealed(algorithm):
    key = SigningKey.objects.get(pk=make_key(algorithm).pk)
    assert key.unseal().thumbprint() == key.kid
    assert key.private_key.startswith("gAAAA")


def test_key_without_private_half_says_so():
    key = make_key(private=False)
    with pytest.raises(Unusable, match=f"^The private key of {key.kid} is not in the key store"):
        key.unseal()


def test_key_that_cannot_be_decrypted_names_cause_and_ways_out(settings):
    key = make_key()
    settings.SECRET_KEY = "another"
    with pytest.raises(Unusable) as caught:
        key.unseal()
    for text in (
        f"The private key of {key.kid} cannot be decrypted",
        "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS",
        "at the end of MCP_KEY_ENCRYPTION_KEYS",
        "'manage.py mcp_keys reencrypt'",
        f"'manage.py mcp_keys retire {key.kid}'",
    ):
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("dates", "way_out"),
    [
        pytest.param({}, "retire {}", id="active"),
        pytest.param({"activates_at": NOW + 36500 * DAY}, "revoke {}", id="pending"),
        pytest.param({"retires_at": NOW}, "prune", id="retired"),
        pytest.param({"retires_at": NOW, "expires_at": NOW}, "prune", id="expired"),
        pytest.param({"revoked_at": NOW}, "prune", id="revoked"),
    ],
)
def test_way_out_of_a_lost_key_is_one_that_its_state_allows(settings, dates, way_out):
    key = make_key(generation=1, **dates)
    settings.SECRET_KEY = "another"
    command = way_out.format(key.kid)
    with pytest.raises(Unusable, match=f"If it is lost, run 'manage.py mcp_keys {command}'"):
        key.unseal()
    call_command("mcp_keys", *command.split(), stdout=StringIO())
    if way_out == "prune":
        key.refresh_from_db()
        assert key.private_key == ""


def test_way_out_of_a_lost_key_is_no_option(settings):
    key = make_key()
    settings.SECRET_KEY, key.kid = "another", "-dash"
    with pytest.raises(Unusable, match=r"'manage\.py mcp_keys retire -- -dash'"):
        key.unseal()


@pytest.mark.parametrize(
    "remedy",
    [
        {"SECRET_KEY_FALLBACKS": ["former"]},
        {"MCP_KEY_ENCRYPTION_KEYS": [Fernet.generate_key().decode()], "SECRET_KEY": "former"},
    ],
    ids=["fallback", "encryption-key-set"],
)
def test_key_is_decrypted_by_what_it_was_encrypted_with(settings, remedy):
    settings.SECRET_KEY = "former"
    key = make_key()
    settings.SECRET_KEY = "present"
    for name, value in remedy.items():
        setattr(settings, name, value)
    assert key.unseal().thumbprint() == key.kid


def test_public_half_outlives_the_loss_of_the_private_one(settings):
    key = make_key()
    settings.SECRET_KEY = "another"
    assert SigningKey.objects.published(NOW).get().published_jwk["kid"] == key.kid


@pytest.mark.parametrize("show", [str, repr, "{}".format, "%r".__mod__], ids=["s", "r", "f", "%"])
def test_key_is_shown_by_its_kid(show):
    key = make_key()
    assert key.kid in show(key)
    assert not is_private_in(show(key), key)
    assert key.private_key not in show(key)


def test_former_key_is_shown_by_its_kid():
    assert str(FormerKey(kid="x")) == "x"


@pytest.mark.parametrize("name", [RSA, EC, ED])
def test_dump_holds_nothing_private_in_the_clear(name):
    key = rotation.import_key(as_file(VECTORS[name]), now=NOW)
    out = StringIO()
    call_command("dumpdata", "mcp_oauth_discovery", stdout=out)
    (row,) = json.loads(out.getvalue())
    assert row["fields"]["kid"] == key.kid
    assert "BEGIN" not in out.getvalue()
    assert not is_private_in(out.getvalue(), key)


def test_dump_holds_the_sealed_private_half():
    key = make_key()
    out = StringIO()
    call_command("dumpdata", "mcp_oauth_discovery", stdout=out)
    assert json.loads(out.getvalue())[0]["fields"]["private_key"] == key.private_key


def test_log_holds_nothing_private(caplog, settings):
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", "django.db.backends")
    settings.DEBUG = True
    key = rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    rotation.reencrypt()
    key.unseal()
    assert "INSERT" in caplog.text
    assert not is_private_in(caplog.text, key)
