"""A key that nobody is to believe any more, and whoever signs in its place."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from tests.keys import DAY, ED, HOUR, NOW, VECTORS, as_file
from tests.rotation.store import AHEAD, dates, fresh, refused, rotate

pytestmark = pytest.mark.django_db


def test_revoked_key_leaves_the_set_at_once():
    key = rotate()
    assert rotation.revoke(key, now=NOW + HOUR) == key
    assert dates(key) == (NOW, None, None, NOW + HOUR)
    assert key not in SigningKey.objects.published(NOW + HOUR)


def test_revoked_key_is_followed_by_a_new_one_at_once():
    key = rotate()
    rotation.revoke(key.kid, now=NOW + HOUR)
    second = SigningKey.objects.signing_key("EdDSA", NOW + HOUR)
    assert second.generation == 2
    assert dates(second) == (NOW + HOUR, None, None, None)


def test_revoked_key_is_followed_by_the_pending_one_at_once(pair):
    first, second = pair
    rotation.revoke(first, now=NOW + HOUR)
    assert dates(second) == (NOW + HOUR, None, None, None)
    assert list(SigningKey.objects.published(NOW + HOUR)) == [second]


def test_key_of_an_unknown_algorithm_is_revoked_and_not_followed():
    key = rotate()
    SigningKey.objects.update(algorithm="Ed448")
    rotation.revoke(key, now=NOW + HOUR)
    assert SigningKey.objects.get().revoked_at == NOW + HOUR


def test_key_of_an_unknown_algorithm_is_followed_by_the_pending_one(pair):
    first, second = pair
    SigningKey.objects.update(algorithm="Ed448")
    rotation.revoke(first, now=NOW + HOUR)
    assert dates(second) == (NOW + HOUR, None, None, None)


def test_revoked_pending_key_gives_its_predecessor_its_time_back(pair):
    first, second = pair
    rotation.revoke(second, now=NOW + HOUR)
    assert dates(first) == (NOW, None, None, None)
    assert dates(second)[3] == NOW + HOUR
    assert list(SigningKey.objects.published(NOW + 10 * DAY)) == [first]


def test_rotation_goes_on_after_a_pending_key_was_revoked(pair):
    first, second = pair
    rotation.revoke(second, now=NOW + HOUR)
    third = rotate(NOW + 2 * HOUR)
    assert third.generation == 3
    assert dates(first)[1] == dates(third)[0] == NOW + 2 * HOUR + AHEAD


def test_revoking_a_pending_key_gives_no_time_to_a_revoked_one(pair):
    first, second = pair
    SigningKey.objects.filter(pk=first.pk).update(revoked_at=NOW)
    before = dates(first)
    rotation.revoke(second, now=NOW + HOUR)
    assert dates(first) == before


def test_revoking_a_pending_key_leaves_other_algorithms_alone(pair):
    rotation.rotate("ES256", now=NOW)
    rotation.rotate("ES256", now=NOW)
    before = list(SigningKey.objects.filter(algorithm="ES256").values())
    rotation.revoke(pair[1], now=NOW + HOUR)
    assert list(SigningKey.objects.filter(algorithm="ES256").values()) == before


def test_retired_key_is_revoked_without_a_successor(pair):
    first, second = pair
    now = NOW + AHEAD
    rotation.revoke(first, now=now)
    assert list(SigningKey.objects.published(now)) == [second]
    assert SigningKey.objects.count() == 2


def test_expired_key_is_revoked(pair):
    rotation.revoke(pair[0], now=NOW + 10 * DAY)
    assert fresh(pair[0]).revoked_at == NOW + 10 * DAY


def test_key_that_never_signs_is_revoked_without_a_successor():
    key = rotation.import_key(as_file(VECTORS[ED], private=False), public_only=True, now=NOW)
    rotation.revoke(key, now=NOW)
    assert SigningKey.objects.count() == 1


def test_revoking_twice_is_refused():
    key = rotation.revoke(rotate(), now=NOW)
    reason = refused(rotation.revoke, key, now=NOW + DAY)
    assert reason == f"The key {key.kid} was revoked at 2026-01-01 00:00:00 UTC."


def test_key_that_cannot_be_decrypted_is_revoked(settings):
    key = rotate()
    settings.SECRET_KEY = "another"
    rotation.revoke(key, now=NOW)
    assert SigningKey.objects.signing_key("EdDSA", NOW).unseal()
