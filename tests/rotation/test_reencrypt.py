"""Private halves that follow a change of the secret."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from tests.keys import DAY, NOW, make_key, overtaken
from tests.rotation.store import AHEAD, dates, fresh, prune, refused, rotate

pytestmark = pytest.mark.django_db


def sealed():
    return list(SigningKey.objects.order_by("kid").values_list("private_key", flat=True))


def test_change_of_the_secret_key_is_followed(settings):
    keys = [rotate(), rotate(), rotation.rotate("ES256", now=NOW)]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert rotation.reencrypt() == sorted(key.kid for key in keys)
    settings.SECRET_KEY_FALLBACKS = []
    assert all(fresh(key).unseal().thumbprint() == key.kid for key in keys)


def test_keys_of_the_project_replace_the_derived_ones(settings):
    key = rotate()
    settings.MCP_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    rotation.reencrypt()
    settings.SECRET_KEY = "another"
    assert fresh(key).unseal()


def test_newest_key_of_the_project_replaces_the_older(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.MCP_KEY_ENCRYPTION_KEYS = [old]
    key = rotate()
    settings.MCP_KEY_ENCRYPTION_KEYS = [new, old]
    rotation.reencrypt()
    settings.MCP_KEY_ENCRYPTION_KEYS = [new]
    assert fresh(key).unseal()


def test_nothing_is_reencrypted_if_one_key_cannot_be_decrypted(settings):
    good = settings.SECRET_KEY
    settings.SECRET_KEY = "lost"
    lost = rotation.rotate("ES256", now=NOW)
    settings.SECRET_KEY = good
    rotate()
    assert f"The private key of {lost.kid} cannot be decrypted" in refused(rotation.reencrypt)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"retires_at": NOW, "expires_at": NOW + DAY}, id="retired"),
        pytest.param({"retires_at": NOW - DAY, "expires_at": NOW}, id="expired"),
        pytest.param({"revoked_at": NOW}, id="revoked"),
    ],
)
def test_lost_private_half_that_prune_would_erase_is_in_nobodys_way(settings, fields):
    good = settings.SECRET_KEY
    settings.SECRET_KEY = "lost"
    lost = make_key("ES256", generation=1, **fields)
    settings.SECRET_KEY = good
    key, before = rotate(), sealed()
    assert rotation.reencrypt(now=NOW) == [key.kid]
    assert len(set(sealed()) & set(before)) == 1
    assert prune(NOW) == ([lost.kid], [])


@pytest.mark.parametrize("fields", [{}, {"activates_at": NOW + DAY}], ids=["active", "pending"])
def test_lost_private_half_that_is_needed_is_in_the_way(settings, fields):
    good = settings.SECRET_KEY
    settings.SECRET_KEY = "lost"
    lost = make_key("ES256", generation=1, **fields)
    settings.SECRET_KEY = good
    assert lost.kid in refused(rotation.reencrypt, now=NOW)


def test_useless_private_half_is_encrypted_anew_if_it_can_be(pair):
    assert set(rotation.reencrypt(now=NOW + DAY)) == {key.kid for key in pair}


def test_key_without_private_half_is_left_out():
    make_key(private=False)
    assert rotation.reencrypt() == []


def test_key_erased_meanwhile_is_not_restored(pair):
    with overtaken(lambda: rotation.prune(now=NOW + AHEAD)):
        rotation.reencrypt()
    assert fresh(pair[0]).private_key == ""
    assert fresh(pair[1]).unseal()


def test_reencryption_changes_only_what_is_encrypted(pair):
    before, old = [dates(key) for key in pair], sealed()
    rotation.reencrypt()
    assert [dates(key) for key in pair] == before
    assert not set(sealed()) & set(old)
