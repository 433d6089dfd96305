"""What is read in a transaction is good in there; what is rolled back, nowhere."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, transaction

from mcp_oauth_discovery import rotation
from tests.keys import NOW, make_key, statements, unreadable_keys
from tests.published.copies import kids


def rotate_and_read(keys):
    rotation.rotate("EdDSA", now=NOW)
    return len(keys.at(NOW))


def test_change_is_seen_within_its_transaction(keys, transactional_db):
    with transaction.atomic():
        assert rotate_and_read(keys) == 1


def test_copy_of_what_was_rolled_back_is_not_served(keys, transactional_db):
    with transaction.atomic():
        assert rotate_and_read(keys) == 1
        transaction.set_rollback(True)
    assert keys.at(NOW) == []


def test_copy_of_what_was_rolled_back_is_not_served_in_the_next_transaction(keys, transactional_db):
    with transaction.atomic():
        rotate_and_read(keys)
        transaction.set_rollback(True)
    with transaction.atomic():
        assert keys.at(NOW) == []


def test_copy_of_what_was_rolled_back_to_a_savepoint_is_not_served(keys, transactional_db):
    with transaction.atomic():
        with transaction.atomic():
            rotate_and_read(keys)
            transaction.set_rollback(True)
        assert keys.at(NOW) == []


def test_decorated_function_does_not_see_what_it_rolled_back_before(keys, transactional_db):
    @transaction.atomic
    def attempt(change):
        count = rotate_and_read(keys) if change else len(keys.at(NOW))
        transaction.set_rollback(True)
        return count

    assert (attempt(change=True), attempt(change=False)) == (1, 0)


def test_committed_change_is_served(keys, transactional_db):
    keys.at(NOW)
    with transaction.atomic():
        rotate_and_read(keys)
    assert len(keys.at(NOW)) == 1


def test_copy_from_outside_is_good_within_a_transaction(keys, transactional_db):
    make_key()
    keys.at(NOW)
    with transaction.atomic(), statements() as seen:
        assert len(keys.at(NOW)) == 1
    assert seen == []


def test_copy_from_outside_is_good_after_a_transaction(keys, clock, transactional_db):
    keys.at(NOW)
    clock.seconds += 5
    with transaction.atomic():
        keys.at(NOW)
    with statements() as seen:
        keys.at(NOW)
    assert seen == []


# A reading that fails in a transaction


def test_transaction_that_changed_keys_is_usable_after_a_reading_that_failed(
    keys, clock, transactional_db, caplog
):
    with transaction.atomic():
        key = make_key()
        keys.at(NOW)
        clock.seconds += 60
        with unreadable_keys():
            assert kids(keys) == [key.kid]
        Group.objects.create(name="kept")
    assert Group.objects.get().name == "kept"
    assert [record.event for record in caplog.records] == ["jwks.stale"]


def test_transaction_is_usable_after_a_first_reading_that_failed(keys, transactional_db):
    with transaction.atomic():
        make_key()
        with unreadable_keys(), pytest.raises(OperationalError):
            keys.at(NOW)
        Group.objects.create(name="kept")
    assert Group.objects.get().name == "kept"


def test_reading_beside_a_transaction_does_not_touch_it(keys, transactional_db):
    with transaction.atomic():
        Group.objects.create(name="kept")
        with unreadable_keys(), pytest.raises(OperationalError):
            keys.at(NOW)
    assert Group.objects.get().name == "kept"
