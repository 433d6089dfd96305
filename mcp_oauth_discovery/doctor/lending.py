"""Connections to databases, lent to the thread that asks the project.

What is in a transaction, or in memory alone, is seen by the connection that it was made on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

Lent = Mapping[str, BaseDatabaseWrapper]


class Lender:
    """Lends what its own thread has open, until somebody does not give it back."""

    def __init__(self) -> None:
        self._is_trusting = True

    def lend(self) -> Lent:
        """Return the connections of this thread, which another thread may now use."""
        if not self._is_trusting:
            return {}
        lent = {one.alias: one for one in connections.all(initialized_only=True)}
        for connection in lent.values():
            connection.inc_thread_sharing()
        return lent

    def take_back(self, lent: Lent, *, is_free: bool) -> None:
        """Have the connections back, or lend no more: no two threads may use one at a time."""
        self._is_trusting = self._is_trusting and is_free
        if is_free:
            for connection in lent.values():
                connection.dec_thread_sharing()


@contextmanager
def borrowing(lent: Lent) -> Iterator[None]:
    """Use the connections of another thread in this one, and close its own ones."""
    for alias, connection in lent.items():
        connections[alias] = connection
        # Django closes what is in a transaction when a request begins: here it is the owner's.
        vars(connection)["close_if_unusable_or_obsolete"] = _leave_open
    try:
        yield
    finally:
        for connection in lent.values():
            del vars(connection)["close_if_unusable_or_obsolete"]
        for connection in connections.all(initialized_only=True):
            if connection.alias not in lent:
                connection.close()


def _leave_open() -> None:
    pass
