"""The keys in the JWK Set, served from memory and read from the database every few seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from mcp_oauth_discovery.signing.copies import LONG_WAIT, SHORT_WAIT, Copies, Copy
from mcp_oauth_discovery.signing.readings import PublishedKey, Store, current_store, is_read_here

__all__ = ["SHORT_WAIT", "PublishedKey", "PublishedKeys", "ShownKeys", "published_keys"]


class PublishedKeys:
    """Copies of the published keys of each store, valid for a few seconds by `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._process = os.getpid()
        self._stores: dict[Store, Copies] = {}

    def at(self, now: datetime | None = None, *, patience: float = LONG_WAIT) -> list[PublishedKey]:
        """Return the keys that are published at an instant, in a fixed order.

        If the database cannot be read, the last copy is served. Without one, this raises
        `KeysUnread` after `patience` seconds at most.
        """
        now = now or timezone.now()
        keys = self._fresh(patience).keys
        return [key for key in keys if key.expires_at is None or key.expires_at > now]

    def copy(self, patience: float = LONG_WAIT):
        return self._fresh(patience)

    def is_shared(self):
        from django.conf import settings
        return not settings.DATABASE_ROUTERS and not is_read_here(current_store())

    def warm(self):
        store = current_store()
        copies = self._stores.get(store)
        if is_read_here(store) or copies is None: return None
        copy = copies._settled
        return copy if copy and copies._is_good(copy) else None

    def warm_for_all(self):
        return self.warm() if self.is_shared() else None

    def reading(self) -> object:
        """Return a value that differs after every reading of the database."""
        copy = self._fresh(SHORT_WAIT)
        return copy.read_at, copy.changes

    def _fresh(self, patience: float) -> Copy:
        if self._process != os.getpid():
            # A fork does not copy the threads that were reading, so start again.
            self._process, self._stores = os.getpid(), {}
        store = current_store()
        copies = self._stores.setdefault(store, Copies(store, self._clock))
        return copies.read_here() if is_read_here(store) else copies.fresh(patience)


published_keys = PublishedKeys()


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


def next_change(keys, now, max_age):
    from datetime import timedelta
    moments = []
    for key in keys:
        for at in (key.activates_at, key.retires_at, key.expires_at):
            if at and at > now: moments.append(at)
        if key.expires_at and key.expires_at > now:
            moments.append(max(now, key.expires_at - timedelta(seconds=max_age)))
    return min(moments, default=None)
