"""Lend database connections to the thread that sends requests to the project.

Only the connection that made it sees an uncommitted change, or a database in memory. All others are
not lent. A late request keeps its connection, and on a server the next request of another user
would write into the transaction that is rolled back in the end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from weakref import WeakSet

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Lent = Mapping[str, BaseDatabaseWrapper]

# Only one thread may borrow a connection at a time, and a late request keeps its own.
_borrowed: WeakSet[BaseDatabaseWrapper] = WeakSet()
_lock = threading.Lock()


def lend() -> Lent:
    """Return the connections of this thread that another needs, and that none has borrowed.

    They are lent until the end of `borrowing`.
    """
    with _lock:
        needed = filter(_sees_more, connections.all(initialized_only=True))
        free = [connection for connection in needed if connection not in _borrowed]
        _borrowed.update(free)
    for connection in free:
        connection.inc_thread_sharing()
        _keep_open(connection)
    return {connection.alias: connection for connection in free}


def _keep_open(connection: BaseDatabaseWrapper) -> None:
    """Keep a connection that is in a transaction: Django closes it at the start of a request."""
    vars(connection)["close_if_unusable_or_obsolete"] = lambda: None


def _may_close(connection: BaseDatabaseWrapper) -> None:
    vars(connection).pop("close_if_unusable_or_obsolete", None)


def _sees_more(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a new connection would not see all that this one sees."""
    if connection.in_atomic_block or not connection.autocommit:
        return True
    # Only the backend for SQLite has this method.
    return bool(getattr(connection, "is_in_memory_db", bool)())


@contextmanager
def borrowing(lent: Lent) -> Iterator[None]:
    """Use the connections of another thread, return them, and close those of this thread."""
    for alias, connection in lent.items():
        connections[alias] = connection
    try:
        yield
    finally:
        for connection in lent.values():
            _may_close(connection)
            connection.dec_thread_sharing()
            with _lock:
                _borrowed.discard(connection)
        for connection in connections.all(initialized_only=True):
            if connection.alias not in lent:
                connection.close()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back what a block writes to the databases; what waits for a commit never runs."""
    with ExitStack() as transactions:
        used = [alias for alias in connections if _begins(alias, transactions)]
        for alias in used:
            _keep_open(connections[alias])
        try:
            yield
        finally:
            for alias in used:
                _may_close(connections[alias])
                transaction.set_rollback(True, using=alias)


def _is_missing(connection: BaseDatabaseWrapper) -> bool:
    """Return whether to connect would create the file of the database."""
    name = str(connection.settings_dict["NAME"])
    is_file = connection.vendor == "sqlite" and name[:5] not in (":memo", "file:")
    return is_file and connection.connection is None and not Path(name).exists()


def _begins(alias: str, transactions: ExitStack) -> bool:
    """Begin a transaction, and return whether this database can be used."""
    try:
        if _is_missing(connections[alias]):
            return False
        block = transaction.atomic(using=alias)
        # Code of the project may ask for the outermost transaction: it is still durable for it.
        # Django has this mark for its own test cases, which roll back in the same way.
        vars(block)["_from_testcase"] = True
        transactions.enter_context(block)
    except Exception:  # noqa: BLE001 - a backend, or a test case without this database, may raise any
        return False
    return True
