"""Connections to databases, lent to the thread that asks the project.

What is in a transaction, or in memory alone, is seen by the connection that it was made on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

Lent = Mapping[str, BaseDatabaseWrapper]

# No two threads may borrow a connection at a time, and a request that is late keeps its own.
_out: WeakSet[BaseDatabaseWrapper] = WeakSet()
_lock = threading.Lock()


def lend() -> Lent:
    """Return what this thread has open and nobody else has borrowed.

    It is lent until the borrower comes to the end of `borrowing`.
    """
    with _lock:
        free = [one for one in connections.all(initialized_only=True) if one not in _out]
        _out.update(free)
    for connection in free:
        connection.inc_thread_sharing()
        # Django closes what is in a transaction when a request begins: here it is the owner's.
        vars(connection)["close_if_unusable_or_obsolete"] = _leave_open
    return {one.alias: one for one in free}


@contextmanager
def borrowing(lent: Lent) -> Iterator[None]:
    """Use the connections of another thread in this one, give them back, and close its own."""
    for alias, connection in lent.items():
        connections[alias] = connection
    try:
        yield
    finally:
        for connection in lent.values():
            _take_back(connection)
        for connection in connections.all(initialized_only=True):
            if connection.alias not in lent:
                connection.close()


def _take_back(connection: BaseDatabaseWrapper) -> None:
    del vars(connection)["close_if_unusable_or_obsolete"]
    connection.dec_thread_sharing()
    with _lock:
        _out.discard(connection)


def _leave_open() -> None:
    pass
