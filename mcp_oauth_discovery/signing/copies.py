"""Copies of the published keys of one store, and the readings in other threads that renew them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY, changes
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.signing.readings import (
    KeysUnread,
    PublishedKey,
    Store,
    read_in_thread,
    read_keys,
)

# How many seconds a request waits for a reading, counted from the start of the reading. A later
# request waits for the rest of that time, so a database that hangs delays one request per worker.
SHORT_WAIT = 0.4
LONG_WAIT = 2.0

# After how many seconds an unfinished reading is given up, so that another one may start.
GIVEN_UP_AFTER = 30.0
# How many readings may hang at a time, each with a thread and a connection.
MOST_READINGS = 4
# Then one more is started after this many seconds, and each further one after twice as long. No
# answer comes back on a lost connection, but a new connection may get one.
FURTHER_AFTER = 60.0

# How many seconds pass between two readings for an unknown `kid`, which a forged token may have.
READ_AGAIN_AFTER = 1.0

# How many seconds a process without a copy waits before it retries a failed reading.
FAILURE_STANDS_FOR = 1.0


@dataclass(frozen=True)
class Copy:
    """What one reading of the key store has found."""

    keys: tuple[PublishedKey, ...]
    read_at: float
    changes: int
    # The number of the reading: one that hung may end after its successor.
    number: int = 0
    # Identifies the transaction of the reading. It may roll back, so the copy is valid only inside
    # it.
    transaction: Any = None

    @cached_property
    def by_kid(self) -> Mapping[str, PublishedKey]:
        """The keys by their `kid`."""
        return {key.kid: key for key in self.keys}

    def at(self, now: datetime) -> list[PublishedKey]:
        """Return the keys that are published at an instant, in a fixed order."""
        return [key for key in self.keys if key.is_published(now)]

    def next_change(self, now: datetime, max_age: int) -> datetime | None:
        """Return when a document that shows these keys changes by the clock alone, if ever.

        That is when a key begins or ceases to sign, or leaves the JWK Set. Caches may keep the
        document for `max_age` seconds, so it also changes that long before a key leaves.
        """
        ends = [key.expires_at for key in self.keys if key.expires_at and key.expires_at > now]
        dates = [date for key in self.keys for date in (key.activates_at, key.retires_at) if date]
        shorter = [max(now, end - timedelta(seconds=max_age)) for end in ends]
        return min([*shorter, *(date for date in dates if date > now)], default=None)


@dataclass
class Reading:
    """A reading in another thread; `started` is in seconds, by `time.monotonic`."""

    future: Future[None]
    started: float
    changes: int
    is_reported: bool = False

    @property
    def error(self) -> BaseException | None:
        return self.future.exception() if self.future.done() else None

    @property
    def age(self) -> float:
        return time.monotonic() - self.started

    @property
    def is_given_up(self) -> bool:
        return not self.future.done() and self.age >= GIVEN_UP_AFTER

    def has_ended(self, *, within: float) -> bool:
        """Wait until `within` seconds after the start, and say whether the reading has ended."""
        return bool(wait([self.future], timeout=max(0, within - self.age)).done)


class Copies:
    """The copies that this process has of one store, and the readings in progress."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._settled: Copy | None = None
        # The last copy from a connection that sees uncommitted changes.
        self._provisional: Copy | None = None
        self._reading: Reading | None = None
        # All readings that have not ended, the last one included.
        self._hanging: tuple[Future[None], ...] = ()
        self._started = 0
        # When the last reading for an unknown `kid` began, by `clock`.
        self._renewed_at = float("-inf")
        # Never held during a query.
        self._lock = threading.Lock()

    def fresh(self, patience: float) -> Copy:
        """Return a copy from the last few seconds; the last copy if the database cannot be read.

        Without a copy, this raises `KeysUnread` after `patience` seconds at most.
        """
        if copy := self.warm():
            return copy
        copy = self._settled
        try:
            reading = self._current_reading()
        except KeysUnread as error:
            if copy is None:
                raise
            _log_stale(error)
            return copy
        in_time = reading.has_ended(within=SHORT_WAIT if copy else patience)
        copy = self._settled
        if copy is None:
            raise _unread(reading, patience) from reading.error
        if not (in_time or reading.is_reported):
            reading.is_reported = True
            text = "The database has not answered for %s seconds; serving the last known JWK Set."
            logger.warning(text, SHORT_WAIT, extra={"event": "jwks.late"})
        return copy

    def renewed(self, patience: float = SHORT_WAIT) -> Copy:
        """Return a copy to look up a `kid` that `fresh` lacks: another process may have made it.

        With a copy, this waits `patience` seconds at most, for all readings together.
        """
        end = time.monotonic() + patience
        copy = self._settled or self.fresh(patience)
        try:
            # The first reading may have begun before the key was made.
            for _attempt in range(2):
                reading = self._current_reading(again=True)
                reading.has_ended(within=min(SHORT_WAIT, end - reading.started))
        except KeysUnread as error:
            _log_stale(error)
        return self._settled or copy

    def warm(self) -> Copy | None:
        """Return the copy that `fresh` returns without waiting, or None if it would wait."""
        copy = self._settled
        return copy if copy and self._is_good(copy) else None

    def read_here(self) -> Copy:
        """Return a copy that is read on the connection of this thread, in its transaction."""
        connection = connections[self._store.alias]
        last = self._provisional
        if last and last.transaction is not _transaction(connection):
            last = None
        if last and self._is_good(last):
            return last
        count = changes()
        try:
            with undisturbed(connection):
                copy = Copy(read_keys(self._store), self._clock(), count)
        except AnyDatabaseError as error:
            last = last or self._settled
            if last is None:
                raise KeysUnread(f"The signing keys cannot be read: {error}") from error
            _log_stale(error)
            copy = replace(last, read_at=self._clock(), changes=count)
        self._provisional = replace(copy, transaction=_transaction(connection))
        return self._provisional

    def _is_good(self, copy: Copy) -> bool:
        is_recent = self._clock() - copy.read_at < READ_AT_MOST_EVERY.total_seconds()
        return is_recent and copy.changes == changes()

    def _current_reading(self, *, again: bool = False) -> Reading:
        """Return the reading to wait for, and start one if it is due, or may be repeated."""
        with self._lock:
            reading = self._reading
            has_ended = reading is not None and reading.future.done()
            if again and has_ended and self._clock() - self._renewed_at >= READ_AGAIN_AFTER:
                self._renewed_at = self._clock()
                reading = None
            self._hanging = tuple(future for future in self._hanging if not future.done())
            if reading is None or self._is_over(reading):
                if reading and self._settled and reading.is_given_up:
                    _log_stale(_unread(reading, reading.age))
                count, number = changes(), self._started + 1
                future = read_in_thread(self._store, partial(self._read, number, count))
                reading = self._reading = Reading(future, time.monotonic(), count)
                self._hanging, self._started = (*self._hanging, future), number
            return reading

    def _is_over(self, reading: Reading) -> bool:
        """Return whether another reading must replace this one."""
        is_outdated = reading.changes != changes()
        if not reading.future.done():
            is_useless = is_outdated or reading.is_given_up
            further = len(self._hanging) - MOST_READINGS
            may_hang = further < 0 or reading.age >= FURTHER_AFTER * 2**further
            return is_useless and may_hang
        if self._settled:
            return not self._is_good(self._settled)
        return is_outdated or reading.age >= FAILURE_STANDS_FOR

    def _read(self, number: int, count: int) -> None:
        """Read the store in this thread; raises if that fails and there is no copy to serve."""
        last = self._settled
        try:
            keys = read_keys(self._store)
            # Equal keys stay the same objects, because these may have been parsed already.
            keys = last.keys if last and last.keys == keys else keys
            copy = Copy(keys, self._clock(), count, number)
        except Exception as error:
            if last is None:
                raise
            _log_stale(error)
            copy = replace(last, read_at=self._clock(), changes=count, number=number)
        with self._lock:
            # A reading that hung may end after its successor.
            if self._settled is None or self._settled.number < number:
                self._settled = copy


def _unread(reading: Reading, patience: float) -> KeysUnread:
    if reading.error is None:
        return KeysUnread(f"The database has not answered for {patience:g} seconds.")
    return KeysUnread(f"The signing keys cannot be read: {reading.error}")


def _log_stale(error: Exception) -> None:
    text = "The signing keys cannot be read; serving the last known JWK Set."
    logger.error(text, exc_info=error, extra={"event": "jwks.stale"})


def _transaction(connection: BaseDatabaseWrapper) -> object:
    """Return an object that identifies the open transaction, or None outside of one."""
    # The atomic block does not identify it: a decorator enters the same object many times.
    return connection.run_on_commit if connection.in_atomic_block else None
