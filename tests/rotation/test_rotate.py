"""The successor of a key: when it appears, when it signs, and that nothing else makes one."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.models import SigningKey, State
from tests import ASM, JWKS, ORIGIN, PRM
from tests.keys import DAY, HOUR, NOW, TICK, make_key, statements
from tests.rotation.store import (
    AHEAD,
    INTERVAL,
    RETENTION,
    dates,
    everything,
    fresh,
    refused,
    rotate,
)

pytestmark = pytest.mark.django_db


# Rotate


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_first_key_signs_at_once(algorithm):
    key = rotation.rotate(algorithm, now=NOW)
    assert dates(key) == (NOW, None, None, None)
    assert fresh(key).created_at == NOW
    assert SigningKey.objects.signing_key(algorithm, NOW) == key


def test_present_is_the_default():
    assert rotation.rotate("EdDSA").state() is State.ACTIVE


def test_key_that_was_stored_by_hand_is_followed_like_any_other():
    first = make_key()
    second = rotate(NOW + HOUR)
    assert dates(second)[0] == dates(first)[1] == NOW + HOUR + AHEAD
    assert list(SigningKey.objects.active(NOW + HOUR)) == [first]
    assert list(SigningKey.objects.active(NOW + HOUR + AHEAD)) == [second]


def test_successor_is_published_ahead(pair):
    first, second = pair
    assert dates(second) == (NOW + AHEAD, None, None, None)
    assert set(SigningKey.objects.published(NOW)) == {first, second}


def test_handover_is_exact(pair):
    first, second = pair
    assert dates(first) == (NOW, NOW + AHEAD, NOW + AHEAD + RETENTION, None)
    assert list(SigningKey.objects.active(NOW + AHEAD - TICK)) == [first]
    assert list(SigningKey.objects.active(NOW + AHEAD)) == [second]


def test_former_key_is_published_for_the_retention(pair):
    first, second = pair
    end = NOW + AHEAD + RETENTION
    assert set(SigningKey.objects.published(end - TICK)) == {first, second}
    assert set(SigningKey.objects.published(end)) == {second}


@pytest.mark.parametrize("if_due", [True, False])
def test_pending_key_is_returned(pair, if_due):
    before = everything()
    assert rotate(NOW + HOUR, if_due=if_due) == pair[1]
    assert everything() == before


def test_generations_count_up(pair):
    third = rotate(NOW + AHEAD)
    assert [fresh(key).generation for key in (*pair, third)] == [1, 2, 3]


def test_algorithms_rotate_on_their_own(pair):
    other = rotation.rotate("ES256", now=NOW)
    assert dates(other) == (NOW, None, None, None)
    assert fresh(other).generation == 1


@pytest.mark.parametrize(
    ("after", "count"),
    [
        pytest.param(0 * DAY, 1, id="at-once"),
        pytest.param(INTERVAL - AHEAD - TICK, 1, id="before"),
        pytest.param(INTERVAL - AHEAD, 2, id="at"),
        pytest.param(INTERVAL - AHEAD + TICK, 2, id="after"),
        pytest.param(10 * INTERVAL, 2, id="late"),
    ],
)
def test_successor_is_made_when_it_is_due(after, count):
    rotate()
    key = rotate(NOW + after, if_due=True)
    assert SigningKey.objects.count() == key.generation == count


def test_nothing_is_asked_of_the_database_but_reading_when_nothing_is_due():
    rotate()
    with statements() as seen:
        rotate(NOW + DAY, if_due=True)
    assert seen
    # The savepoint is for the transaction of the caller, which is that of the test.
    assert all(sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")) for sql in seen)


def test_first_key_is_always_due():
    assert rotate(if_due=True).state(NOW) is State.ACTIVE


def test_key_that_nobody_rotated_keeps_signing():
    key = rotate()
    late = NOW + 10 * INTERVAL
    assert SigningKey.objects.signing_key("EdDSA", late) == key


def test_late_rotation_lets_the_old_key_sign_until_the_handover():
    first = rotate()
    late = NOW + 10 * INTERVAL
    second = rotate(late)
    assert dates(first)[1] == dates(second)[0] == late + AHEAD
    assert SigningKey.objects.signing_key("EdDSA", late) == first


def test_spans_are_those_of_the_settings(settings):
    settings.MCP_KEY_PUBLISH_AHEAD, settings.MCP_KEY_RETENTION = HOUR, 3 * HOUR
    first, second = rotate(), rotate()
    assert dates(first)[1:3] == (NOW + HOUR, NOW + 4 * HOUR)
    assert dates(second)[0] == NOW + HOUR


def test_settings_that_contradict_each_other_change_nothing(settings):
    settings.MCP_KEY_RETENTION = 0 * DAY
    with pytest.raises(ImproperlyConfigured, match="MCP_KEY_RETENTION"):
        rotate()
    assert everything() == ([], [])


@pytest.mark.parametrize("algorithm", ["HS256", "none", "rs256", ""])
def test_unknown_algorithm_is_refused(algorithm):
    reason = refused(rotation.rotate, algorithm, now=NOW)
    assert reason == f"Unknown algorithm {algorithm!r}; expected one of RS256, ES256, EdDSA."


def test_new_private_half_is_sealed():
    key = fresh(rotate())
    assert key.unseal().thumbprint() == key.kid
    assert key.public_jwk["kid"] == key.kid


def test_a_year_of_rotations_has_no_gap():
    now = NOW
    while now < NOW + 366 * DAY:
        rotate(now, if_due=True)
        now += DAY
    keys = list(SigningKey.objects.order_by("generation"))
    assert len(keys) == 5
    assert [key.retires_at for key in keys[:-1]] == [key.activates_at for key in keys[1:]]
    assert keys[-1].activates_at - keys[0].activates_at == 4 * INTERVAL


# Reading


def test_no_get_writes(settings, fetch):
    settings.MCP_ISSUER, settings.MCP_SIGNED_METADATA = ORIGIN, True
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotate(NOW - 400 * DAY)
    make_key(generation=2, activates_at=NOW - 10 * DAY, expires_at=NOW - DAY)
    before = everything()
    with statements() as seen:
        for url in (PRM, ASM, JWKS):
            assert fetch(url).status_code == 200
    assert seen
    assert all(sql.startswith(("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")) for sql in seen)
    assert everything() == before
