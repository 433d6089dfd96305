"""The keys in the JWK Set, served from memory and read from the database every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from django.db import connections
from django.utils import timezone

from mcp_oauth_discovery.conf import project_setting
from mcp_oauth_discovery.keys.cache import reset_after_fork
from mcp_oauth_discovery.signing.copies import LONG_WAIT, SHORT_WAIT, Copies, Copy
from mcp_oauth_discovery.signing.readings import (
    PublishedKey,
    Store,
    is_private,
    present_connection,
    store_in,
    store_of,
)

__all__ = ["SHORT_WAIT", "Copy", "PublishedKey", "PublishedKeys", "ShownKeys", "published_keys"]


class PublishedKeys:
    """Copies of the published keys of each store, valid for a few seconds by `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget all copies, and the readings in progress, whose threads a fork does not copy."""
        self._stores: dict[Store, Copies] = {}

    def at(self, now: datetime | None = None, *, patience: float = LONG_WAIT) -> list[PublishedKey]:
        """Return the keys that are published at an instant, in a fixed order.

        If the database cannot be read, the last copy is served. Without one, this raises
        `KeysUnread` after `patience` seconds at most.
        """
        return self.copy(patience).at(now or timezone.now())

    def reading(self) -> object:
        """Return a value that differs after every reading of the database."""
        copy = self.copy(SHORT_WAIT)
        return copy.read_at, copy.changes

    def copy(self, patience: float = LONG_WAIT) -> Copy:
        """Return the copy to serve: the same object until the next reading.

        Waits and raises as `at` does.
        """
        store, copies, is_here = self._present()
        if copies is None:
            # Another thread may have added it in the meantime.
            copies = self._stores.setdefault(store, Copies(store, self._clock))
        return copies.read_here() if is_here else copies.fresh(patience)

    def renewed(self, patience: float = SHORT_WAIT) -> Copy:
        """Return a copy to look up a `kid` that `copy` does not have; see `Copies.renewed`."""
        _, copies, is_here = self._present()
        return self.copy() if copies is None or is_here else copies.renewed(patience)

    def warm(self) -> Copy | None:
        """Return the copy to serve if that needs no query and no waiting, else None."""
        _, copies, is_here = self._present()
        return None if copies is None or is_here else copies.warm()

    def shared(self) -> Copy | None:
        """Return what `warm` returns, if all requests get it, whatever middleware they pass."""
        # Do not use a connection: in an event loop, Django would make one for each request.
        # A copy is made in one step: other threads add stores.
        stores = list(self._stores.copy().items())
        if len(stores) != 1:
            return None
        ((store, copies),) = stores
        settings = connections.settings.get(store.alias)
        if settings is None or store != store_in(store.alias, settings) or not may_be_only(store):
            return None
        return copies.warm()

    def is_shared(self) -> bool:
        """Return whether all requests read the same keys, whatever middleware they pass."""
        store, _, is_here = self._present()
        return not is_here and may_be_only(store) and self._stores.keys() <= {store}

    def _present(self) -> tuple[Store, Copies | None, bool]:
        """Return the present store, its copies, and whether this thread's connection reads it."""
        connection = present_connection()
        store = store_of(connection)
        return store, self._stores.get(store), is_private(connection, store)


published_keys = PublishedKeys()

# By a hook, because asking for the process on each use would be a system call each time.
reset_after_fork(published_keys.reset)


def may_be_only(store: Store) -> bool:
    """Return whether all requests mean this store, and False if that is uncertain.

    A router or a schema may be that of a tenant.
    """
    return store.schema is None and not project_setting("DATABASE_ROUTERS", [])


class ShownKeys:
    """The published keys that one document shows: one copy, however often it needs them.

    `copy` is None as long as it has needed none. `is_unread` means that they could not be read, so
    that the document may be incomplete.
    """

    def __init__(self) -> None:
        self.copy: Copy | None = None
        self.is_unread = False

    def at(self, now: datetime | None = None, *, patience: float = LONG_WAIT) -> list[PublishedKey]:
        """Return what `PublishedKeys.at` returns, or raise what it raises."""
        try:
            self.copy = self.copy or published_keys.copy(patience)
        except Exception:
            self.is_unread = True
            raise
        return self.copy.at(now or timezone.now())
