"""A key that is to sign no more, and whoever signs in its place."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from tests.keys import DAY, ED, HOUR, NOW, VECTORS, as_file, make_key
from tests.rotation.store import RETENTION, dates, fresh, refused, rotate

pytestmark = pytest.mark.django_db


def test_key_that_was_stored_by_hand_is_retired():
    key = make_key()
    assert rotation.retire(key.kid, now=NOW + HOUR).retires_at == NOW + HOUR
    assert SigningKey.objects.signing_key("EdDSA", NOW + HOUR) not in (None, key)


def test_retired_key_signs_no_more_and_stays_published():
    first = rotate()
    now = NOW + HOUR
    retired = rotation.retire(first, now=now)
    assert retired == first
    assert dates(first) == (NOW, now, now + RETENTION, None)
    assert first in SigningKey.objects.published(now)


def test_retired_key_is_followed_by_a_new_one_at_once():
    first = rotate()
    rotation.retire(first.kid, now=NOW + HOUR)
    second = SigningKey.objects.signing_key("EdDSA", NOW + HOUR)
    assert (second.generation, dates(second)) == (2, (NOW + HOUR, None, None, None))
    assert fresh(second).created_at == NOW + HOUR


def test_retired_key_is_followed_by_the_pending_one_at_once(pair):
    first, second = pair
    rotation.retire(first, now=NOW + HOUR)
    assert dates(first) == (NOW, NOW + HOUR, NOW + HOUR + RETENTION, None)
    assert dates(second) == (NOW + HOUR, None, None, None)
    assert SigningKey.objects.count() == 2


def test_algorithm_that_is_given_up_has_no_successor(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    rotation.retire(rotate(), now=NOW)
    assert SigningKey.objects.count() == 1
    assert SigningKey.objects.signing_key("EdDSA", NOW) is None


def test_key_that_cannot_be_decrypted_is_retired(settings):
    first = rotate()
    settings.SECRET_KEY = "another"
    rotation.retire(first, now=NOW)
    assert SigningKey.objects.signing_key("EdDSA", NOW).unseal()


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        pytest.param({"activates_at": NOW + DAY}, "pending", id="pending"),
        pytest.param({"retires_at": NOW, "expires_at": NOW + DAY}, "retired", id="retired"),
        pytest.param({"retires_at": NOW, "expires_at": NOW}, "expired", id="expired"),
        pytest.param({"revoked_at": NOW}, "revoked", id="revoked"),
    ],
)
def test_only_an_active_key_is_retired(fields, state):
    key = make_key(generation=1, **fields)
    reason = refused(rotation.retire, key, now=NOW)
    assert reason == f"The key {key.kid} is {state}; only an active one can be retired."


def test_key_that_never_signs_is_not_retired():
    key = rotation.import_key(as_file(VECTORS[ED], private=False), public_only=True, now=NOW)
    assert "is retired" in refused(rotation.retire, key, now=NOW)


@pytest.mark.parametrize("act", [rotation.retire, rotation.revoke])
@pytest.mark.parametrize("kid", ["", "nobody", "x' OR '1'='1"])
def test_unknown_kid_is_refused(act, kid):
    rotate()
    reason = f"There is no key {kid!r}. 'manage.py mcp_keys list' shows all of them."
    assert refused(act, kid, now=NOW) == reason


@pytest.mark.parametrize("act", [rotation.retire, rotation.revoke])
def test_kid_is_compared_exactly(act):
    key = rotate()
    assert "There is no key" in refused(act, key.kid.swapcase(), now=NOW)
