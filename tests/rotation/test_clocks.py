"""Hosts whose clocks differ, or that waited for each other, change the same keys."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.policy import timing
from mcp_oauth_discovery.models import SigningKey, State
from tests.keys import overtaken

pytestmark = pytest.mark.django_db

EARLY = datetime(2026, 1, 1, tzinfo=timezone.utc)
LATE = EARLY + timedelta(seconds=30)
LATER = EARLY + timedelta(seconds=40)


@pytest.fixture
def active():
    return rotation.rotate("EdDSA", now=EARLY - timedelta(days=3))


@pytest.fixture
def pending(active):
    return rotation.rotate("EdDSA", now=EARLY - timedelta(minutes=1))


def line():
    """Return from when to when which generation signs, from EARLY on."""
    keys = SigningKey.objects.filter(revoked_at=None).order_by("generation")
    return [
        (key.generation, max(key.activates_at, EARLY), key.retires_at)
        for key in keys
        if key.retires_at is None or key.retires_at > EARLY
    ]


def test_key_that_two_hosts_retire_is_followed_by_the_next_one(active, pending):
    rotation.retire(active, now=LATE)
    rotation.retire(pending, now=LATER)
    rotation.retire(active, now=EARLY)
    assert line() == [(2, EARLY, LATER), (3, LATER, None)]


def test_key_retired_later_is_followed_by_the_next_one_when_revoked(active, pending):
    rotation.retire(active, now=LATE)
    rotation.retire(pending, now=LATER)
    rotation.revoke(active, now=EARLY)
    assert line() == [(2, EARLY, LATER), (3, LATER, None)]


def test_revoked_pending_key_gives_back_no_more_time_than_it_had(active, pending):
    rotation.retire(active, now=LATE)
    rotation.retire(pending, now=LATER)
    rotation.revoke(pending, now=EARLY)
    assert line() == [(1, EARLY, LATER), (3, LATER, None)]
    active.refresh_from_db()
    assert active.expires_at == LATER + timing().retention


def test_pending_key_whose_predecessor_is_revoked_has_a_successor(active, pending):
    rotation.revoke(active, now=LATE)
    rotation.revoke(pending, now=EARLY)
    assert line() == [(3, LATE, None)]


def test_pending_key_whose_predecessor_is_revoked_is_followed_by_the_next_one(active, pending):
    rotation.revoke(active, now=LATE)
    rotation.retire(pending, now=LATER)
    rotation.revoke(pending, now=EARLY)
    assert line() == [(3, LATE, None)]


def test_key_that_is_erased_gets_no_time_back(active, pending):
    rotation.retire(active, now=LATE)
    rotation.prune(now=LATER)
    rotation.revoke(pending, now=EARLY)
    assert line() == [(1, EARLY, LATE), (3, LATE, None)]


def test_first_key_is_pending_for_a_host_that_is_late():
    first = rotation.rotate("EdDSA", now=LATE)
    assert rotation.rotate("EdDSA", now=EARLY) == first


def test_first_key_revoked_by_a_host_that_is_late_has_a_successor():
    rotation.revoke(rotation.rotate("EdDSA", now=LATE), now=EARLY)
    (key,) = SigningKey.objects.filter(revoked_at=None)
    assert key.state(LATE) is State.ACTIVE


def test_key_that_is_erased_meanwhile_gets_no_time_back(active, pending):
    rotation.retire(active, now=LATE)
    with overtaken(lambda: rotation.prune(now=LATER)):
        rotation.revoke(pending, now=EARLY)
    assert line() == [(1, EARLY, LATE), (3, LATE, None)]
