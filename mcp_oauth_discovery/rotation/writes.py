"""The steps of a change of the key store, and its retries.

If another process changes the keys first, the change is tried again, a limited number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, connections, router, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from mcp_oauth_discovery.keys import jwk, policy
from mcp_oauth_discovery.keys.algorithms import Key
from mcp_oauth_discovery.keys.database_errors import is_conflict
from mcp_oauth_discovery.keys.transactions import has_begun, undisturbed
from mcp_oauth_discovery.models import THUMBPRINT, FormerKey, SigningKey
from mcp_oauth_discovery.rotation.schedule import Standing, predecessors, standing

T = TypeVar("T")

# Every failed attempt means that another process succeeded.
_ATTEMPTS = 20

_TOO_MANY_CHANGES = gettext_noop("Other processes keep changing the keys. Try again later.")


class Refused(Exception):
    """A change that is not possible; the text is one line, and nothing was changed."""


class Overtaken(Exception):
    """Another process has changed the keys since they were read."""


def atomic() -> transaction.Atomic:
    """Begin a transaction on the database that has the keys."""
    return transaction.atomic(using=_database())


def retrying(attempt: Callable[[], T]) -> T:
    """Repeat an attempt until no concurrent writer overtakes it, and return its result.

    Raises `Refused` after too many attempts.
    """
    connection = connections[_database()]
    # Inside a transaction of the caller, only the caller can repeat all of it.
    is_ours = not has_begun(connection)
    with undisturbed(connection):
        for _attempt in range(_ATTEMPTS):
            try:
                return attempt()
            except Overtaken:
                continue
            except AnyDatabaseError as error:
                if not (is_ours and is_conflict(error)):
                    raise
    raise Refused(_(_TOO_MANY_CHANGES))


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo every change of the keys at the end of the block."""
    try:
        with atomic():
            yield
            transaction.set_rollback(True, using=_database())
    except AnyDatabaseError as error:
        if is_conflict(error):
            raise Refused(_(_TOO_MANY_CHANGES)) from error
        raise


def _database() -> str:
    return router.db_for_write(SigningKey)


def instant(now: datetime | None) -> datetime:
    """Return the instant of a change; raises `Misconfigured` if dates are unreliable."""
    policy.check_time_zones()
    return now or timezone.now()


def draft(key: Key, algorithm: str) -> SigningKey:
    """Return an unsaved row for a key, encrypted and without dates."""
    public = jwk.public_jwk(key, algorithm)
    row = SigningKey(kid=public["kid"], algorithm=algorithm, public_jwk=public)
    if jwk.is_private(key):
        row.seal(key)
    return row


def change(key: SigningKey, **fields: datetime) -> None:
    """Change a key that is still as it was read; raises `Overtaken` otherwise."""
    unchanged = SigningKey.objects.authoritative().filter(
        pk=key.pk,
        activates_at=key.activates_at,
        retires_at=key.retires_at,
        revoked_at=key.revoked_at,
    )
    if not unchanged.update(**fields):
        raise Overtaken


def insert(key: SigningKey) -> None:
    """Store a new key; raises `Overtaken` if another one has its kid or its place."""
    try:
        with atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        raise Overtaken from error


def adopt_kid(key: SigningKey, kid: str, now: datetime) -> None:
    """Give a new key, which never signs, the kid that another program chose.

    Its thumbprint then cannot be the kid of another key. A row with the thumbprint as kid is
    deleted, unless it was revoked.
    """
    thumbprint = key.kid
    stored = SigningKey.objects.authoritative().filter(kid=thumbprint)
    stored.filter(generation=None, revoked_at=None).delete()
    if stored.exists():
        raise Overtaken
    former = FormerKey(kid=thumbprint, deleted_at=now)
    FormerKey.objects.using(stored.db).bulk_create([former], ignore_conflicts=True)
    key.kid, key.public_jwk = kid, {**key.public_jwk, "kid": kid, THUMBPRINT: thumbprint}


def succeed(current: Standing, key: Key, algorithm: str, now: datetime) -> SigningKey:
    """Store a key as the next one of its algorithm; raises `Overtaken`."""
    successor = draft(key, algorithm)
    successor.generation = current.last_generation + 1
    successor.created_at = now
    with atomic():
        successor.activates_at = _end(current.active, now)
        insert(successor)
    return successor


def bring_forward(current: Standing, pending: SigningKey, now: datetime) -> SigningKey:
    """Let the pending key sign as early as a new one would; raises `Overtaken`."""
    with atomic():
        start = _end(current.active, now)
        change(pending, activates_at=start, created_at=min(pending.created_at, now))
    pending.activates_at, pending.created_at = start, min(pending.created_at, now)
    return pending


def _end(active: SigningKey | None, now: datetime) -> datetime:
    """Return when the next key signs, and let the active one retire then."""
    spans = policy.timing()
    if active is None:
        return now
    start = now + spans.publish_ahead
    change(active, retires_at=start, expires_at=start + spans.retention)
    return start


def put_in_place_of(key: SigningKey, spare: SigningKey | None, now: datetime) -> None:
    """Let the pending key, or else the spare one, sign in place of a key that has ended."""
    start = max(now, key.activates_at)
    current = standing(key.algorithm, start)
    if current.pending:
        change(current.pending, activates_at=start)
    elif spare:
        spare.generation = current.last_generation + 1
        spare.created_at, spare.activates_at = now, start
        insert(spare)


def restore_predecessor(pending: SigningKey, now: datetime) -> None:
    """Let the predecessor of a pending key sign in its place."""
    # The pending key has an end only if a host whose clock is ahead set one.
    ends = {"retires_at": pending.retires_at, "expires_at": pending.expires_at}
    if not predecessors(pending, now).update(**ends):
        raise Overtaken
