"""How the key store is read: in a thread beside the request, so that no request waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_oauth_discovery.models import SigningKey, has_uncommitted_changes

T = TypeVar("T")


class KeysUnread(OperationalError):
    """The keys cannot be read, or not in time; the cause is the error of the database."""


class Store(NamedTuple):
    """Where keys are: a database alias and, where tenants have schemas, the schema.

    The schema is what the connection has as `schema_name`, as that of django-tenants does.
    """

    alias: str
    schema: str | None


def current_store() -> Store:
    """Return where this thread reads the keys: the router and the connection decide."""
    alias = router.db_for_read(SigningKey)
    return Store(alias, getattr(connections[alias], "schema_name", None))


def is_read_here(store: Store) -> bool:
    """Say whether the connection of this thread alone sees what is to be read.

    It does after a change that is not committed yet, and in a database that is private to it.
    """
    connection = connections[store.alias]
    return has_uncommitted_changes(connection) or _is_private(connection)


def read_soon(store: Store, read: Callable[[], T], seconds: float) -> T:
    """Return what is read from a store, here or beside; raises `KeysUnread` after `seconds`."""
    if is_read_here(store):
        with undisturbed(connections[store.alias]):
            return read()
    future = read_beside(store, read)
    if not wait([future], timeout=seconds).done:
        raise KeysUnread(f"The database has not answered for {seconds:g} seconds.")
    return future.result()


def read_beside(store: Store, read: Callable[[], T]) -> Future[T]:
    """Start to read a store in a thread of its own, which has a connection of its own.

    Raises `KeysUnread` if no thread can be started.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = _read_and_close(store, read)
        # The thread has nobody above it: whatever happened is for those who wait.
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        else:
            future.set_result(result)

    # Whoever knows the tenant by a context variable finds it in the thread too. The thread is a
    # daemon, so that a database that hangs does not keep a worker from ending.
    thread = Thread(target=copy_context().run, args=(run,), daemon=True, name="mcp-keys")
    try:
        thread.start()
    except RuntimeError as error:
        raise KeysUnread(f"No thread can be started to read the keys: {error}") from error
    return future


def _read_and_close(store: Store, read: Callable[[], T]) -> T:
    try:
        if store.schema is not None:
            tenant: Any = connections[store.alias]
            tenant.set_schema(store.schema)
        return read()
    finally:
        connections.close_all()


@contextmanager
def undisturbed(*used: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep the caller's transactions usable, whatever database error leaves this block.

    PostgreSQL refuses everything after an error until there is a rollback: here, to a savepoint.
    Catch the error outside of the block. `used` are the connections that the block uses; without
    them, it may use any that this thread has.
    """
    with ExitStack() as savepoints:
        for connection in used or connections.all(initialized_only=True):
            if connection.in_atomic_block or _has_no_autocommit(connection):
                savepoints.enter_context(transaction.atomic(using=connection.alias))
        yield


def _has_no_autocommit(connection: BaseDatabaseWrapper) -> bool:
    return connection.connection is not None and not connection.autocommit


def _is_private(connection: BaseDatabaseWrapper) -> bool:
    """Say whether this is a database in memory that another connection does not see."""
    name = str(connection.settings_dict["NAME"])
    in_memory = name == ":memory:" or ("mode=memory" in name and "cache=shared" not in name)
    return connection.vendor == "sqlite" and in_memory
