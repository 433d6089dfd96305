"""Writers that meet: whoever comes second looks again and tries anew, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import Error as AnyDatabaseError
from django.db import connections, router, transaction

from mcp_oauth_discovery.database_errors import is_conflict
from mcp_oauth_discovery.models import SigningKey

T = TypeVar("T")

# Each one that fails is one that another process has won.
_ATTEMPTS = 20

_RESTLESS = "Other processes keep changing the keys at this moment. Try again."


class Refused(Exception):
    """Something that cannot be done to a key, in one line; nothing was changed."""


class Overtaken(Exception):
    """Another process has changed the keys since they were read."""


def atomic() -> transaction.Atomic:
    """Begin a transaction on the database that has the keys."""
    return transaction.atomic(using=_database())


def retrying(attempt: Callable[[], T]) -> T:
    """Return what the first attempt returns that nobody overtakes.

    Raises `Refused` when there have been too many.
    """
    # Within a transaction of the caller's, it is the caller who has to do all of it again.
    is_ours = not connections[_database()].in_atomic_block
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Overtaken:
            continue
        except AnyDatabaseError as error:
            if not (is_ours and is_conflict(error)):
                raise
    raise Refused(_RESTLESS)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo, at the end, whatever is done to the keys inside."""
    try:
        with atomic():
            yield
            transaction.set_rollback(True, using=_database())
    except AnyDatabaseError as error:
        if is_conflict(error):
            raise Refused(_RESTLESS) from error
        raise


def _database() -> str:
    return router.db_for_write(SigningKey)
