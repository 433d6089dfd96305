"""Changes that are only rehearsed, and changes that meet others at the same moment."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation import Refused
from mcp_oauth_discovery.rotation.writes import Overtaken, change, rehearsal
from tests.keys import ED, NOW, SECOND, TICK, VECTORS, as_file, overtaken
from tests.rotation.store import INTERVAL, dates, everything, fresh, rotate

pytestmark = pytest.mark.django_db


# Rehearsal


def test_rehearsal_changes_nothing(pair):
    before = everything()
    with rehearsal():
        rotation.revoke(pair[0], now=NOW)
        assert everything() != before
    assert everything() == before


def test_rehearsal_of_what_is_refused_changes_nothing(pair):
    before = everything()

    def rehearse():
        with rehearsal():
            rotation.revoke(pair[0], now=NOW)
            rotation.revoke(pair[0], now=NOW)

    with pytest.raises(Refused, match="was revoked at"):
        rehearse()
    assert everything() == before


# Others at the same moment


def test_two_first_rotations_make_one_key():
    with overtaken(rotate):
        key = rotate()
    assert SigningKey.objects.get() == key
    assert dates(key) == (NOW, None, None, None)


def test_two_rotations_make_one_successor():
    first = rotate()
    with overtaken(rotate):
        second = rotate()
    assert list(SigningKey.objects.order_by("generation")) == [first, second]


def test_rotation_after_a_retirement_takes_what_it_made():
    first = rotate()
    with overtaken(lambda: rotation.retire(first, now=NOW)):
        second = rotate()
    assert SigningKey.objects.count() == 2
    assert SigningKey.objects.signing_key("EdDSA", NOW) == second


def test_rotation_after_a_revocation_takes_what_it_made():
    first = rotate()
    with overtaken(lambda: rotation.revoke(first, now=NOW)):
        second = rotate()
    assert SigningKey.objects.count() == 2
    assert SigningKey.objects.signing_key("EdDSA", NOW) == second


def test_retirement_and_rotation_leave_one_successor():
    first = rotate()
    with overtaken(rotate):
        rotation.retire(first, now=NOW + SECOND)
    second = SigningKey.objects.exclude(pk=first.pk).get()
    assert dates(first)[1] == dates(second)[0] == NOW + SECOND


def test_second_retirement_is_refused():
    first = rotate()
    with (
        overtaken(lambda: rotation.retire(first, now=NOW)),
        pytest.raises(Refused, match="retired"),
    ):
        rotation.retire(first, now=NOW)
    assert SigningKey.objects.count() == 2


def test_revocation_and_rotation_leave_one_successor():
    first = rotate()
    with overtaken(rotate):
        rotation.revoke(first, now=NOW + SECOND)
    second = SigningKey.objects.exclude(pk=first.pk).get()
    assert dates(second)[0] == NOW + SECOND
    assert list(SigningKey.objects.published(NOW + SECOND)) == [second]


def test_second_revocation_is_refused():
    first = rotate()
    with (
        overtaken(lambda: rotation.revoke(first, now=NOW)),
        pytest.raises(Refused, match="revoked"),
    ):
        rotation.revoke(first, now=NOW)
    assert SigningKey.objects.count() == 2


def test_revoking_both_keys_at_once_leaves_a_new_one(pair):
    first, second = pair
    with overtaken(lambda: rotation.revoke(second, now=NOW)):
        rotation.revoke(first, now=NOW)
    third = SigningKey.objects.published(NOW).get()
    assert third not in pair
    assert third.state(NOW) is State.ACTIVE


def test_import_while_another_process_rotates_is_refused():
    rotate()
    with overtaken(rotate), pytest.raises(Refused, match="is pending for EdDSA"):
        rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    assert SigningKey.objects.count() == 2


@pytest.mark.parametrize("public_only", [True, False])
def test_same_import_twice_at_once_is_refused(public_only):
    def load():
        vector = as_file(VECTORS[ED], private=not public_only)
        rotation.import_key(vector, public_only=public_only, now=NOW)

    with overtaken(load), pytest.raises(Refused, match="was in the key store before"):
        load()
    assert SigningKey.objects.count() == 1


def restless(key):
    def change():
        SigningKey.objects.filter(pk=key.pk).update(activates_at=F("activates_at") - TICK)

    return change


@pytest.mark.parametrize("act", [rotation.retire, rotation.revoke, lambda key, now: rotate(now)])
def test_writer_that_is_overtaken_again_and_again_gives_up(act):
    key = rotate(NOW)
    with overtaken(restless(key), times=100), pytest.raises(Refused) as caught:
        act(key, now=NOW + INTERVAL)
    assert str(caught.value) == "Other processes keep changing the keys. Try again later."
    assert SigningKey.objects.get().state(NOW + INTERVAL) is State.ACTIVE


@pytest.mark.parametrize("act", [rotation.retire, rotation.revoke, lambda key, now: rotate(now)])
def test_writer_that_is_overtaken_a_few_times_tries_again(act):
    key = rotate(NOW)
    with overtaken(restless(key), times=2):
        act(key, now=NOW + INTERVAL)
    assert SigningKey.objects.count() == 2


def test_change_of_a_stale_row_is_refused(pair):
    stale = fresh(pair[0])
    rotation.retire(pair[0], now=NOW)
    with pytest.raises(Overtaken):
        change(stale, revoked_at=NOW)
    assert connection.needs_rollback is False
