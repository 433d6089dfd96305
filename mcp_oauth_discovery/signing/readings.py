"""Read the key store, in another thread so that no request waits for long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, Key
from mcp_oauth_discovery.keys.cache import has_uncommitted_changes
from mcp_oauth_discovery.keys.jwk import PublicJWK
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.logs.lines import logger, one_line
from mcp_oauth_discovery.models import SigningKey, UnknownAlgorithm, Unpublishable

T = TypeVar("T")

_LEFT_OUT = "Left %s out of the JWK Set: %s."


class KeysUnread(OperationalError):
    """The keys cannot be read in time; the cause is the error of the database, if there is one."""


class Store(NamedTuple):
    """Where keys are stored: an alias, the name of its database, and the schema of a tenant.

    The schema is the `schema_name` of the connection, which django-tenants sets. `server` has the
    other settings that choose a database.
    """

    alias: str
    database: str
    schema: str | None
    server: tuple[str, ...]


def current_store() -> Store:
    """Return the store that the router and the connection of this thread choose."""
    return store_of(present_connection())


def present_connection() -> BaseDatabaseWrapper:
    """Return the connection of this thread to the database that the router chooses."""
    return connections[router.db_for_read(SigningKey)]


def store_of(connection: BaseDatabaseWrapper) -> Store:
    """Return the store that a connection reads."""
    schema = getattr(connection, "schema_name", None)
    return store_in(connection.alias, connection.settings_dict, schema)


def store_in(alias: str, settings: Mapping[str, Any], schema: str | None = None) -> Store:
    """Return the store of an alias with these settings."""
    # Some projects use one alias and give its connection another database for each tenant: by name,
    # on another server, or by a search path in the options.
    read = settings.get
    host, port, user = str(read("HOST", "")), str(read("PORT", "")), str(read("USER", ""))
    server = (host, port, user, str(read("OPTIONS", "")))
    return Store(alias, str(settings["NAME"]), schema, server)


def is_read_here(store: Store) -> bool:
    """Return whether only the connection of this thread sees the keys of a store."""
    return is_private(connections[store.alias], store)


def is_private(connection: BaseDatabaseWrapper, store: Store) -> bool:
    """Return whether no other connection than this one sees the keys of a store.

    This is so after an uncommitted change, and in a database in memory.
    """
    in_memory = store.database == ":memory:" or (
        "mode=memory" in store.database and "cache=shared" not in store.database
    )
    return (connection.vendor == "sqlite" and in_memory) or has_uncommitted_changes(connection)


@dataclass(frozen=True)
class PublishedKey:
    """A key in the JWK Set; `expires_at` is when it leaves the JWK Set, if that is known."""

    kid: str
    algorithm: str
    jwk: PublicJWK
    activates_at: datetime
    retires_at: datetime | None
    expires_at: datetime | None

    def is_published(self, now: datetime) -> bool:
        """Return whether this key is still in the JWK Set at an instant."""
        return self.expires_at is None or self.expires_at > now

    @cached_property
    def parsed(self) -> Key:
        """The public key, parsed once to verify any number of signatures."""
        parsed: Key = ALGORITHMS[self.algorithm].key_class.import_key(dict(self.jwk))
        return parsed

    def signs(self, algorithm: str, now: datetime) -> bool:
        """Return whether this is the active key of an algorithm at an instant."""
        is_over = self.retires_at is not None and self.retires_at <= now
        return self.algorithm == algorithm and self.activates_at <= now and not is_over


def read_keys(store: Store) -> tuple[PublishedKey, ...]:
    """Read the keys of a store that are not revoked; log those that cannot be published."""
    # Not only the keys that are published now: time passes while the copy is served.
    rows = SigningKey.objects.using(store.alias).filter(revoked_at=None)
    keys = []
    for row in rows.defer("private_key").order_by():
        try:
            public = row.published_jwk
        except UnknownAlgorithm as error:
            extra = {"event": "jwks.unknown_algorithm"}
            logger.error(_LEFT_OUT, one_line(row), one_line(error), extra=extra)
            continue
        except Unpublishable as error:
            extra = {"event": "jwks.malformed_key"}
            logger.error(_LEFT_OUT, one_line(row), one_line(error), extra=extra)
            continue
        dates = (row.activates_at, row.retires_at, row.expires_at)
        keys.append(PublishedKey(row.kid, row.algorithm, public, *dates))
    # Not by the database: each one sorts small and capital letters differently.
    return tuple(sorted(keys, key=lambda key: (key.algorithm, key.kid)))


def read_in_time(store: Store, read: Callable[[], T], seconds: float) -> T:
    """Read a store, here or in another thread; raises `KeysUnread` after `seconds`."""
    if is_read_here(store):
        with undisturbed(connections[store.alias]):
            return read()
    future = read_in_thread(store, read)
    if not wait([future], timeout=seconds).done:
        raise KeysUnread(f"The database has not answered for {seconds:g} seconds.")
    return future.result()


def read_in_thread(store: Store, read: Callable[[], T]) -> Future[T]:
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
