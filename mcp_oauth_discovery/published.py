"""The keys in the JWK Set, read from the database now and then and served from memory."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connections, router
from django.utils import timezone

from mcp_oauth_discovery.jwk import PublicJWK
from mcp_oauth_discovery.log_lines import one_line
from mcp_oauth_discovery.models import SigningKey, UnknownAlgorithm, Unpublishable, changes
from mcp_oauth_discovery.policy import READ_AT_MOST_EVERY

logger = logging.getLogger("mcp_oauth_discovery")


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
    # What tells the transaction that the keys were read in from all others. It may be rolled back,
    # so that a copy made in one is good in there and nowhere else.
    transaction: Any


class PublishedKeys:
    """A copy of the published keys, good for a few seconds; `clock` counts them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # How many readings have failed and left nothing to serve.
        self._failures = 0
        # The last copy that was read outside of a transaction, and the last one from within.
        self._settled: _Copy | None = None
        self._provisional: _Copy | None = None

    def at(self, now: datetime | None = None) -> list[PublishedKey]:
        """Return the keys that are published at an instant, in a fixed order.

        When the database cannot be read, the last copy is served; raises the database's error
        when there has not been one.
        """
        now = now or timezone.now()
        return [key for key in self._fresh().keys if key.expires_at is None or key.expires_at > now]

    def reading(self) -> object:
        """Return something that is another one after every reading of the database."""
        copy = self._fresh()
        return copy.read_at, copy.changes

    def _fresh(self) -> _Copy:
        copy = self._good_copy()
        if copy:
            return copy
        # One thread waits for the database, however long that takes. The others make do with what
        # there is, unless this process has changed the keys since.
        last, failures = self._last_copy(), self._failures
        if last is None or last.changes != changes():
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            return last
        try:
            copy = self._good_copy()
            if copy is None and last is None and self._failures != failures:
                # It would be the same again: no queue of threads that wait, one after the other.
                raise OperationalError("The signing keys could not be read a moment ago.")
            return copy or self._read()
        finally:
            self._lock.release()

    def _good_copy(self) -> _Copy | None:
        copies = (self._settled, self._provisional)
        return next((copy for copy in copies if copy and self._is_good(copy)), None)

    def _is_good(self, copy: _Copy) -> bool:
        return (
            self._clock() - copy.read_at < READ_AT_MOST_EVERY.total_seconds()
            and copy.changes == changes()
            and (copy.transaction is None or copy.transaction is _transaction())
        )

    def _read(self) -> _Copy:
        seen = changes()
        try:
            keys = tuple(_read_keys())
        except AnyDatabaseError:
            last = self._last_copy()
            if last is None:
                self._failures += 1
                raise
            logger.exception(
                "The signing keys cannot be read; serving the last known JWK Set.",
                extra={"event": "jwks.stale"},
            )
            return self._keep(last._replace(read_at=self._clock(), changes=seen))
        return self._keep(_Copy(keys, self._clock(), seen, _transaction()))

    def _last_copy(self) -> _Copy | None:
        if self._provisional and self._provisional.transaction is _transaction():
            return self._provisional
        return self._settled

    def _keep(self, copy: _Copy) -> _Copy:
        if copy.transaction is None:
            self._settled = copy
        else:
            self._provisional = copy
        return copy


def _read_keys() -> list[PublishedKey]:
    # Not cut down to those published now: time goes on while the copy is served.
    rows = SigningKey.objects.filter(revoked_at=None).defer("private_key").order_by()
    # Not by the database: each has an order of its own for small and capital letters.
    return sorted(filter(None, map(_entry, rows)), key=lambda key: (key.algorithm, key.kid))


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


def _transaction() -> Any:
    """Return something that is the same object until this transaction ends, or None outside."""
    connection = connections[router.db_for_read(SigningKey)]
    # Not the atomic block: as a decorator, one and the same is entered again and again.
    return connection.run_on_commit if connection.in_atomic_block else None


published_keys = PublishedKeys()
