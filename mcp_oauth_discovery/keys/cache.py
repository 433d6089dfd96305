"""How long a process may serve a cached copy of the keys, and which changes make it out of date."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from django.db import transaction

# How long this process may serve a cached copy after another process changed the keys.
READ_AT_MOST_EVERY = timedelta(seconds=5)

# Counts the changes that this process has made to the key store.
_changes = 0

# The outermost transaction of a connection in which keys were changed.
_changed_in: WeakKeyDictionary[Any, transaction.Atomic] = WeakKeyDictionary()


def reset_after_fork(reset: Callable[[], None]) -> None:
    """Have a forked child call `reset` first: its parent's threads and locks are not usable."""
    # Windows cannot fork.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=reset)


def changes() -> int:
    """Return a number that differs after every change of this process to the key store."""
    return _changes


def note_change(using: str | None = None, **kwargs: Any) -> None:
    """Make cached copies out of date: now, and again when other connections see the change."""
    _count_change()
    transaction.on_commit(_count_change, using=using)
    connection = transaction.get_connection(using)
    if connection.in_atomic_block:
        _changed_in[connection] = connection.atomic_blocks[0]


def has_uncommitted_changes(connection: Any) -> bool:
    """Return whether an open transaction has changed keys. No other connection sees that yet."""
    # A decorator enters the same block many times, so this may be true of a later transaction too.
    # The keys are then read on this connection, which is harmless.
    blocks = connection.atomic_blocks
    return bool(blocks) and _changed_in.get(connection) is blocks[0]


def _count_change() -> None:
    global _changes
    _changes += 1
