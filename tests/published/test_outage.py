"""What is served while the database is down, or does not answer, and to which threads."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction

from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import copies
from tests.keys import HOUR, NOW, broken_database, make_key, statements
from tests.published.copies import kids, reading_threads, readings, silence

# The database is down


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, ProgrammingError])
def test_last_copy_is_served_while_the_database_is_down(stale, clock, caplog, error):
    before = stale.at(NOW)
    clock.seconds += 60
    with broken_database(error):
        assert stale.at(NOW) == before
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mcp_oauth_discovery", "ERROR")
    assert "serving the last known JWK Set" in record.getMessage()
    assert record.exc_info


def test_key_past_its_deadline_is_not_served_while_the_database_is_down(stale, caplog):
    with broken_database():
        assert stale.at(NOW + HOUR) == []


def test_database_that_is_down_is_asked_every_five_seconds(stale, clock, caplog):
    with broken_database():
        for _ in range(40):
            stale.at(NOW)
            clock.seconds += 0.25
    assert len(caplog.records) == 2


def test_database_that_is_back_is_read_again(stale, clock, caplog):
    with broken_database():
        stale.at(NOW)
    clock.seconds += 5
    with statements() as seen:
        stale.at(NOW)
    assert len(seen) == 1


@pytest.mark.django_db
def test_last_copy_is_served_within_its_own_transaction(keys, clock, caplog):
    key = make_key()
    keys.at(NOW)
    clock.seconds += 60
    with broken_database():
        assert kids(keys) == [key.kid]


@pytest.mark.django_db
def test_copy_that_never_was_cannot_be_served(keys):
    with broken_database(), pytest.raises(OperationalError):
        keys.at(NOW)


def test_copy_of_a_transaction_that_is_over_cannot_be_served(keys, clock, transactional_db):
    with transaction.atomic():
        make_key()
        keys.at(NOW)
    with broken_database(), pytest.raises(OperationalError):
        keys.at(NOW)


def test_reading_in_a_transaction_does_not_forget_the_copy_from_outside(stale, caplog):
    before = stale.at(NOW)
    with transaction.atomic():
        make_key()
        assert len(stale.at(NOW)) == 2
        transaction.set_rollback(True)
    with broken_database():
        assert stale.at(NOW) == before


# Threads


def in_threads(count, act):
    """Run `act` in threads that begin at the same moment; return what they returned."""
    barrier, results = threading.Barrier(count), []

    def run():
        try:
            barrier.wait()
            results.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_share_one_read(keys, transactional_db):
    key = make_key()
    with readings() as seen:
        assert in_threads(8, lambda: kids(keys)) == [[key.kid]] * 8
    assert len(seen()) == 1


def test_threads_share_one_reading_that_fails(keys, transactional_db):
    def failure():
        with pytest.raises(OperationalError) as caught:
            keys.at(NOW)
        return str(caught.value)

    with statements() as seen, broken_database():
        problems = in_threads(8, failure)
    assert set(problems) == {"The signing keys cannot be read: the database is down"}
    assert len(seen) == 1


def test_first_reading_that_fails_is_not_tried_again_for_a_moment(keys, transactional_db):
    with broken_database(), pytest.raises(OperationalError):
        keys.at(NOW)
    with readings() as seen, pytest.raises(OperationalError, match="the database is down"):
        keys.at(NOW)
    assert seen() == []


def test_reading_is_tried_again_after_one_that_failed(keys, transactional_db, monkeypatch):
    monkeypatch.setattr(copies, "FAILURE_STANDS_FOR", 0)
    with broken_database(), pytest.raises(OperationalError):
        keys.at(NOW)
    assert kids(keys) == []


def test_local_change_is_read_after_a_reading_that_failed(keys, transactional_db):
    with broken_database(), pytest.raises(OperationalError):
        keys.at(NOW)
    key = make_key()
    assert kids(keys) == [key.kid]


def test_error_that_no_database_raised_is_the_cause(keys, transactional_db):
    with broken_database(ImproperlyConfigured), pytest.raises(OperationalError) as caught:
        keys.at(NOW)
    assert isinstance(caught.value.__cause__, ImproperlyConfigured)


# The database does not answer


def test_copy_is_served_while_the_database_is_silent(stale, caplog):
    key = SigningKey.objects.get()
    with silence() as silent:
        assert [kids(stale) for _ in range(5)] == [[key.kid]] * 5
        assert kids(stale, NOW + HOUR) == []
        assert silent.asked == len(reading_threads()) == 1
    assert [(record.event, record.levelname) for record in caplog.records] == [
        ("jwks.late", "WARNING")
    ]


def test_answer_that_is_late_is_taken(stale):
    with silence() as silent:
        assert len(stale.at(NOW)) == 1
        SigningKey.objects.all()._raw_delete("default")  # noqa: SLF001
        silent.end()
        with readings() as seen:
            assert kids(stale) == []
    assert seen() == []


def test_process_without_a_copy_says_that_the_database_is_silent(keys, transactional_db):
    make_key()
    with silence() as silent:
        for _ in range(3):
            with pytest.raises(OperationalError, match=r"has not answered for 0\.1 seconds"):
                keys.at(NOW, patience=0.1)
        assert silent.asked == 1
        silent.end()
        assert len(keys.at(NOW)) == 1


def test_local_change_starts_another_reading_while_one_hangs(stale):
    key = SigningKey.objects.get()
    with silence() as silent:
        assert kids(stale) == [key.kid]
        SigningKey.objects.update(revoked_at=NOW)
        assert kids(stale) == [key.kid]
        assert silent.asked == 2
    assert kids(stale) == []


def test_reading_that_hangs_is_given_up_and_logged(stale, monkeypatch, caplog):
    monkeypatch.setattr(copies, "SHORT_WAIT", 0.1)
    monkeypatch.setattr(copies, "GIVEN_UP_AFTER", 0)
    with silence() as silent:
        for _ in range(9):
            assert len(stale.at(NOW)) == 1
        assert silent.asked == copies.MOST_READINGS
    assert [record.event for record in caplog.records].count("jwks.stale") == 3


def test_connections_that_are_lost_do_not_keep_the_keys_from_being_read(stale, monkeypatch):
    monkeypatch.setattr(copies, "SHORT_WAIT", 0.1)
    monkeypatch.setattr(copies, "GIVEN_UP_AFTER", 0)
    with silence() as silent:
        for _ in range(9):
            stale.at(NOW)
        second = make_key()
        with silent.awake():
            assert second.kid not in kids(stale)
            monkeypatch.setattr(copies, "FURTHER_AFTER", 0)
            assert second.kid in kids(stale)


@pytest.mark.parametrize(("age", "further"), [(59, 0), (61, 1), (119, 1), (121, 2), (3600, 6)])
def test_each_further_reading_comes_after_twice_as_long(stale, monkeypatch, age, further):
    monkeypatch.setattr("mcp_oauth_discovery.signing.copies.Reading.age", age)
    with silence():
        for _ in range(15):
            stale.at(NOW)
        assert len(reading_threads()) == copies.MOST_READINGS + further


def test_reading_that_hung_does_not_replace_its_successor(stale):
    with silence() as silent:
        stale.at(NOW)
        second = make_key()
        with silent.awake():
            assert second.kid in kids(stale)
        SigningKey.objects.all()._raw_delete("default")  # noqa: SLF001
        silent.end()
        assert second.kid in kids(stale)


def test_copy_is_served_where_no_thread_can_be_started(stale, monkeypatch, caplog):
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(stale.at(NOW)) == 1
    assert [record.event for record in caplog.records] == ["jwks.stale"]


def test_error_says_that_no_thread_can_be_started(keys, transactional_db, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OperationalError, match="can't start new thread"):
        keys.at(NOW)


def refuse(thread):
    raise RuntimeError("can't start new thread")


def test_process_that_was_forked_reads_for_itself(stale):
    with silence() as silent:
        stale.at(NOW)
        stale.reset()
        with silent.awake(), readings() as seen:
            assert len(stale.at(NOW)) == 1
    assert len(seen()) == 1
