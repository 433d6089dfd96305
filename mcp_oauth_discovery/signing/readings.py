"""How the key store is read: in another thread, so that no request waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_oauth_discovery.keys.freshness import has_uncommitted_changes
from mcp_oauth_discovery.models import SigningKey

T = TypeVar("T")


class KeysUnread(OperationalError):
    """The keys cannot be read in time; the cause is the error of the database, if there is one."""


class Store(NamedTuple):
    """Where keys are stored: an alias, the name of its database, and the schema of a tenant.

    The schema is the `schema_name` of the connection, which django-tenants sets. `server` is the
    rest of what says where a connection leads.
    """

    alias: str
    database: str
    schema: str | None
    server: tuple[str, ...]


def current_store() -> Store:
    """Return the store that the router and the connection of this thread choose."""
    alias = router.db_for_read(SigningKey)
    connection = connections[alias]
    # Some projects have one alias and give its connection another database for each tenant: by its
    # name, on another server, or by a search path in the options.
    settings = connection.settings_dict
    server = tuple(str(settings.get(name, "")) for name in ("HOST", "PORT", "USER", "OPTIONS"))
    schema = getattr(connection, "schema_name", None)
    return Store(alias, str(settings["NAME"]), schema, server)


def is_read_here(store: Store) -> bool:
    """Say whether only the connection of this thread sees the keys.

    This is so after an uncommitted change, and in a database in memory.
    """
    connection = connections[store.alias]
    in_memory = store.database == ":memory:" or (
        "mode=memory" in store.database and "cache=shared" not in store.database
    )
    is_private = connection.vendor == "sqlite" and in_memory
    return is_private or has_uncommitted_changes(connection)


def read_soon(store: Store, read: Callable[[], T], seconds: float) -> T:
    """Read a store, here or in another thread; raises `KeysUnread` after `seconds`."""
    if is_read_here(store):
        with undisturbed(connections[store.alias]):
            return read()
    future = read_beside(store, read)
    if not wait([future], timeout=seconds).done:
        raise KeysUnread(f"The database has not answered for {seconds:g} seconds.")
    return future.result()


def read_beside(store: Store, read: Callable[[], T]) -> Future[T]:
    """Start to read a store in a new thread with its own connection.

    Raises `KeysUnread` if no thread can be started.
    """
    future: Future[T] = Future()
    ours = connections[store.alias]
    # Not with `copy()`, which fails for options that cannot be copied, such as a TLS context.
    backend, options = type(ours), {**ours.settings_dict}

    def run() -> None:
        try:
            result = _read_on(backend(options, store.alias), store, read)
        # No caller would see the exception: hand it to the threads that wait.
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        else:
            future.set_result(result)

    # The thread copies the context variables, because a tenant may be in one. It is a daemon, so a
    # database that hangs does not keep a worker from ending.
    thread = Thread(target=copy_context().run, args=(run,), daemon=True, name="mcp-keys")
    try:
        thread.start()
    except RuntimeError as error:
        raise KeysUnread(f"No thread can be started to read the keys: {error}") from error
    return future


def _read_on(connection: Any, store: Store, read: Callable[[], T]) -> T:
    connections[store.alias] = connection
    try:
        if store.schema is not None:
            connection.set_schema(store.schema)
        return read()
    finally:
        connections.close_all()


@contextmanager
def undisturbed(*used: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep the caller's transactions usable after a database error in this block.

    After an error PostgreSQL refuses every query until a rollback: here, to a savepoint. Catch the
    error outside of the block. `used` are the connections that the block uses; without them, it
    may use any connection of this thread.
    """
    with ExitStack() as savepoints:
        for connection in used or connections.all(initialized_only=True):
            if connection.in_atomic_block or _has_no_autocommit(connection):
                savepoints.enter_context(transaction.atomic(using=connection.alias))
        yield


def _has_no_autocommit(connection: BaseDatabaseWrapper) -> bool:
    return connection.connection is not None and not connection.autocommit
