"""The keys in the JWK Set, served from memory and read from the database every few seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from mcp_oauth_discovery.signing.copies import LONG_WAIT, SHORT_WAIT, Copies, Copy
from mcp_oauth_discovery.signing.readings import PublishedKey, Store, current_store, is_read_here

__all__ = ["SHORT_WAIT", "PublishedKey", "PublishedKeys", "published_keys"]


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
