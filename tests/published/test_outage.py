"""What is served while the database is down, or does not answer, and to which threads."""

from __future__ import annotations

import threading

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction

from mcp_oauth_discovery.models import SigningKey
from tests.keys import HOUR, NOW, broken_database, make_key, statements
from tests.published.copies import kids

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
    make_key()
    with transaction.atomic():
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

    def read():
        with statements() as seen:
            found = kids(keys)
        return found, sum("signingkey" in sql for sql in seen)

    results = in_threads(8, read)
    assert [found for found, _ in results] == [[key.kid]] * 8
    assert sum(count for _, count in results) == 1


class Door:
    """A lock that says when somebody is about to wait for it."""

    def __init__(self):
        self.lock, self.seen = threading.Lock(), threading.Semaphore(0)

    def acquire(self, *, blocking=True):
        self.seen.release()
        return self.lock.acquire(blocking=blocking)

    def release(self):
        self.lock.release()


class Silence:
    """A database that does not answer until the block ends, then with an error if one is given."""

    def __init__(self, keys, error=None):
        self.keys, self.error = keys, error
        self.answer, self.threads = threading.Event(), []
        self.results, self.queries = [], 0
        self.door = keys._lock = Door()  # noqa: SLF001

    def __enter__(self):
        self.read_in_a_thread()
        return self

    def __exit__(self, *exc_info):
        self.answer.set()
        for thread in self.threads:
            thread.join()

    def read_in_a_thread(self):
        """Start a thread that reads the keys, and return when it is at the lock."""
        self.threads.append(threading.Thread(target=self._read))
        self.threads[-1].start()
        assert self.door.seen.acquire(timeout=10)

    def _read(self):
        try:
            with connection.execute_wrapper(self._hang):
                self.results.append(kids(self.keys))
        except OperationalError as error:
            self.results.append(str(error))
        finally:
            connection.close()

    def _hang(self, execute, sql, params, many, context):
        assert self.answer.wait(10)
        self.queries += "signingkey" in sql
        if self.error:
            raise self.error("the database is down")
        return execute(sql, params, many, context)


def test_one_thread_waits_for_the_database_and_the_others_serve_their_copy(stale):
    key = SigningKey.objects.get()
    with Silence(stale), statements() as seen:
        assert kids(stale) == [key.kid]
        assert kids(stale, NOW + HOUR) == []
    assert seen == []


def test_thread_that_waited_has_read_the_database(stale):
    with Silence(stale) as silence:
        SigningKey.objects.all()._raw_delete("default")  # noqa: SLF001
    assert (silence.results, silence.queries) == ([[]], 1)
    assert kids(stale) == []


def test_local_change_is_waited_for(stale):
    with Silence(stale) as silence:
        SigningKey.objects.update(revoked_at=NOW)
        silence.read_in_a_thread()
    assert silence.results[-1] == []


def test_first_read_is_waited_for_by_all(keys, transactional_db):
    key = make_key()
    with Silence(keys) as silence:
        silence.read_in_a_thread()
    assert (silence.results, silence.queries) == ([[key.kid]] * 2, 1)


def test_first_read_that_fails_fails_for_all_that_waited_for_it(keys, transactional_db):
    with Silence(keys, OperationalError) as silence:
        silence.read_in_a_thread()
    problems = ["the database is down", "The signing keys could not be read a moment ago."]
    assert sorted(silence.results) == sorted(problems)


def test_read_after_one_that_failed_asks_again(keys, transactional_db):
    with Silence(keys, OperationalError):
        pass
    assert kids(keys) == []
