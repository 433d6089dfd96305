"""Keeps the transaction of a caller correct when a query of this package fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from django.db import Error as AnyDatabaseError
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def undisturbed(*used: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep the caller's transactions usable after a database error in this block.

    After an error, PostgreSQL refuses every query until a rollback: here, to a savepoint. If the
    connection is lost, the commit of the caller raises an error. Catch the error outside of the
    block. `used` are the connections of the block, by default all those of this thread.
    """
    candidates = used or connections.all(initialized_only=True)
    begun = [connection for connection in candidates if has_begun(connection)]
    try:
        with ExitStack() as savepoints:
            for connection in begun:
                savepoints.enter_context(transaction.atomic(using=connection.alias))
            try:
                yield
            except AnyDatabaseError:
                raise
            except Exception:
                # Keep what the block has done. That fails if an error of the database is behind
                # this one: Django then rolls back to the savepoint.
                with suppress(AnyDatabaseError):
                    savepoints.close()
                raise
    except Exception:
        for connection in begun:
            _fail_at_commit(connection)
        raise


def has_begun(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a connection is in a transaction that may still be committed."""
    if connection.in_atomic_block:
        return not connection.needs_rollback
    return connection.connection is not None and not connection.autocommit


def _fail_at_commit(connection: BaseDatabaseWrapper) -> None:
    """Have the commit fail if the connection is lost, and the savepoint with it.

    Django would end the transaction with a rollback that raises nothing. A caller that has caught
    the error would believe that its changes are stored.
    """
    if connection.in_atomic_block and connection.needs_rollback and not connection.is_usable():
        connection.set_rollback(False)
