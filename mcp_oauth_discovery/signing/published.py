"""The keys in the JWK Set, read from the database now and then and served from memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import Error as AnyDatabaseError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from mcp_oauth_discovery.keys.freshness import changes
from mcp_oauth_discovery.keys.jwk import PublicJWK
from mcp_oauth_discovery.keys.policy import READ_AT_MOST_EVERY
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.models import SigningKey, UnknownAlgorithm, Unpublishable
from mcp_oauth_discovery.signing.readings import (
    KeysUnread,
    Store,
    current_store,
    is_read_here,
    read_beside,
    undisturbed,
)

# How many seconds a request waits for a reading, counted from the start of the reading. A later
# request waits for the rest of that time, so a database that hangs delays one request per worker.
SHORT_WAIT = 0.4
LONG_WAIT = 2.0

# After how many seconds an unfinished reading is given up, so that another one may start.
GIVEN_UP_AFTER = 30.0
# How many readings may hang at a time, each with a thread and a connection.
MOST_READINGS = 4
# Then one more is started after this many seconds, and each further one after twice as long: what
# was sent on a connection that is lost never comes back, and a new connection may be answered.
FURTHER_AFTER = 60.0

# How many seconds a process without a copy waits before it retries a failed reading.
FAILURE_STANDS_FOR = 1.0


class PublishedKey(NamedTuple):
    """A key in the JWK Set; `expires_at` is the instant at which it leaves, if that is known."""

    kid: str
    algorithm: str
    jwk: PublicJWK
    activates_at: datetime
    retires_at: datetime | None
    expires_at: datetime | None

    def signs(self, algorithm: str, now: datetime) -> bool:
        """Say whether this is the active key of an algorithm at an instant."""
        is_over = self.retires_at is not None and self.retires_at <= now
        return self.algorithm == algorithm and self.activates_at <= now and not is_over


class _Copy(NamedTuple):
    keys: tuple[PublishedKey, ...]
    read_at: float
    changes: int
    # The number of the reading: one that hung may end after its successor.
    number: int = 0
    # Identifies the transaction of the reading. It may roll back, so the copy is valid only inside
    # it.
    transaction: Any = None


@dataclass
class _Reading:
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


@dataclass
class _Shelf:
    """The copies that this process has of one store, and the readings that are under way."""

    settled: _Copy | None = None
    # The last copy from a connection that sees uncommitted changes.
    provisional: _Copy | None = None
    reading: _Reading | None = None
    # All readings that have not ended, the last one included.
    hanging: tuple[Future[None], ...] = ()
    started: int = 0
    # Never held during a query.
    lock: threading.Lock = field(default_factory=threading.Lock)


class PublishedKeys:
    """Copies of the published keys, one for each store, valid for a few seconds.

    `clock` counts these seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._process = os.getpid()
        self._shelves: dict[Store, _Shelf] = {}

    def at(self, now: datetime | None = None, *, patience: float = LONG_WAIT) -> list[PublishedKey]:
        """Return the keys that are published at an instant, in a fixed order.

        When the database cannot be read, the last copy is served. Raises `KeysUnread` when there
        has not been one, after `patience` seconds at most.
        """
        now = now or timezone.now()
        keys = self._fresh(patience).keys
        return [key for key in keys if key.expires_at is None or key.expires_at > now]

    def reading(self) -> object:
        """Return something that is another one after every reading of the database."""
        copy = self._fresh(SHORT_WAIT)
        return copy.read_at, copy.changes

    def _fresh(self, patience: float) -> _Copy:
        if self._process != os.getpid():
            # A fork does not copy the threads that were reading, so start again.
            self._process, self._shelves = os.getpid(), {}
        store = current_store()
        shelf = self._shelves.setdefault(store, _Shelf())
        if is_read_here(store):
            return self._read_here(shelf, store)
        copy = shelf.settled
        if copy and self._is_good(copy):
            return copy
        try:
            reading = self._current_reading(shelf, store)
        except KeysUnread as error:
            if copy is None:
                raise
            _log_stale(error)
            return copy
        in_time = reading.has_ended(within=SHORT_WAIT if copy else patience)
        copy = shelf.settled
        if copy is None:
            raise _unread(reading, patience) from reading.error
        if not (in_time or reading.is_reported):
            reading.is_reported = True
            text = "The database has not answered for %s seconds; serving the last known JWK Set."
            logger.warning(text, SHORT_WAIT, extra={"event": "jwks.late"})
        return copy

    def _is_good(self, copy: _Copy) -> bool:
        is_recent = self._clock() - copy.read_at < READ_AT_MOST_EVERY.total_seconds()
        return is_recent and copy.changes == changes()

    def _current_reading(self, shelf: _Shelf, store: Store) -> _Reading:
        """Return the reading to wait for, and start one if it is due."""
        with shelf.lock:
            reading = shelf.reading
            shelf.hanging = tuple(future for future in shelf.hanging if not future.done())
            if reading is None or self._is_over(shelf, reading):
                if reading and shelf.settled and reading.is_given_up:
                    _log_stale(_unread(reading, reading.age))
                count, number = changes(), shelf.started + 1
                future = read_beside(store, partial(self._read, shelf, store, number, count))
                reading = shelf.reading = _Reading(future, time.monotonic(), count)
                shelf.hanging, shelf.started = (*shelf.hanging, future), number
            return reading

    def _is_over(self, shelf: _Shelf, reading: _Reading) -> bool:
        """Say whether another reading has to replace this one."""
        is_outdated = reading.changes != changes()
        if not reading.future.done():
            is_useless = is_outdated or reading.is_given_up
            further = len(shelf.hanging) - MOST_READINGS
            may_hang = further < 0 or reading.age >= FURTHER_AFTER * 2**further
            return is_useless and may_hang
        if shelf.settled:
            return not self._is_good(shelf.settled)
        return is_outdated or reading.age >= FAILURE_STANDS_FOR

    def _read(self, shelf: _Shelf, store: Store, number: int, count: int) -> None:
        """Read a store in this thread; raises if that fails and there is no copy to serve."""
        try:
            copy = _Copy(_read_keys(store), self._clock(), count, number)
        except Exception as error:
            last = shelf.settled
            if last is None:
                raise
            _log_stale(error)
            copy = last._replace(read_at=self._clock(), changes=count, number=number)
        with shelf.lock:
            # A reading that hung may end after its successor.
            if shelf.settled is None or shelf.settled.number < number:
                shelf.settled = copy

    def _read_here(self, shelf: _Shelf, store: Store) -> _Copy:
        """Return a copy that is read on the connection of this thread, in its transaction."""
        connection = connections[store.alias]
        last = shelf.provisional
        if last and last.transaction is not _transaction(connection):
            last = None
        if last and self._is_good(last):
            return last
        count = changes()
        try:
            with undisturbed(connection):
                copy = _Copy(_read_keys(store), self._clock(), count)
        except AnyDatabaseError as error:
            last = last or shelf.settled
            if last is None:
                raise KeysUnread(f"The signing keys cannot be read: {error}") from error
            _log_stale(error)
            copy = last._replace(read_at=self._clock(), changes=count)
        shelf.provisional = copy._replace(transaction=_transaction(connection))
        return shelf.provisional


def _read_keys(store: Store) -> tuple[PublishedKey, ...]:
    # Not cut down to those published now: time goes on while the copy is served.
    keys = SigningKey.objects.using(store.alias).filter(revoked_at=None)
    rows = keys.defer("private_key").order_by()
    # Not by the database: each has an order of its own for small and capital letters.
    entries = sorted(filter(None, map(_entry, rows)), key=lambda key: (key.algorithm, key.kid))
    return tuple(entries)


def _entry(row: SigningKey) -> PublishedKey | None:
    """Return a row as it is published; None, and a record in the log, if it cannot be."""
    said = "Left %s out of the JWK Set: %s."
    try:
        public = row.published_jwk
    except UnknownAlgorithm as error:
        extra = {"event": "jwks.unknown_algorithm"}
        logger.error(said, one_line(row), one_line(error), extra=extra)
        return None
    except Unpublishable as error:
        extra = {"event": "jwks.malformed_key"}
        logger.error(said, one_line(row), one_line(error), extra=extra)
        return None
    dates = (row.activates_at, row.retires_at, row.expires_at)
    return PublishedKey(row.kid, row.algorithm, public, *dates)


def _unread(reading: _Reading, patience: float) -> KeysUnread:
    if reading.error is None:
        return KeysUnread(f"The database has not answered for {patience:g} seconds.")
    return KeysUnread(f"The signing keys cannot be read: {reading.error}")


def _log_stale(error: Exception) -> None:
    text = "The signing keys cannot be read; serving the last known JWK Set."
    logger.error(text, exc_info=error, extra={"event": "jwks.stale"})


def _transaction(connection: BaseDatabaseWrapper) -> object:
    """Return something that is the same object until this transaction ends, or None outside."""
    # Not the atomic block: as a decorator, one and the same is entered again and again.
    return connection.run_on_commit if connection.in_atomic_block else None


published_keys = PublishedKeys()
