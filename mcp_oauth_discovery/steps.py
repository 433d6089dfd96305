"""The steps that a change of the key store is made of; the transaction is the caller's.

A step takes effect only if the keys are still as they were read, and raises `Overtaken` otherwise.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone

from mcp_oauth_discovery import jwk, policy
from mcp_oauth_discovery.models import THUMBPRINT, FormerKey, SigningKey
from mcp_oauth_discovery.succession import Standing, heirs, standing
from mcp_oauth_discovery.transactions import Overtaken, atomic


def instant(now: datetime | None) -> datetime:
    """Return the instant of a change; raises `Misconfigured` where no date can be relied on."""
    policy.check_time_zones()
    return now or timezone.now()


def draft(key: jwk.Key, algorithm: str) -> SigningKey:
    """Return a row for a key, sealed and without dates, that is not stored yet."""
    public = jwk.public_jwk(key, algorithm)
    row = SigningKey(kid=public["kid"], algorithm=algorithm, public_jwk=public)
    if jwk.is_private(key):
        row.seal(key)
    return row


def change(key: SigningKey, **fields: datetime) -> None:
    """Change a key."""
    unchanged = SigningKey.objects.authoritative().filter(
        pk=key.pk,
        activates_at=key.activates_at,
        retires_at=key.retires_at,
        revoked_at=key.revoked_at,
    )
    if not unchanged.update(**fields):
        raise Overtaken


def insert(key: SigningKey) -> None:
    """Store a new key, if nobody else has its kid or its place."""
    try:
        with atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        raise Overtaken from error


def go_by(key: SigningKey, kid: str, now: datetime) -> None:
    """Give a new key that never signs the kid that another program chose.

    This uses up its thumbprint. A row with that kid is deleted, unless it was revoked.
    """
    thumbprint = key.kid
    stored = SigningKey.objects.authoritative().filter(kid=thumbprint)
    stored.filter(generation=None, revoked_at=None).delete()
    if stored.exists():
        raise Overtaken
    former = FormerKey(kid=thumbprint, deleted_at=now)
    FormerKey.objects.using(stored.db).bulk_create([former], ignore_conflicts=True)
    key.kid, key.public_jwk = kid, {**key.public_jwk, "kid": kid, THUMBPRINT: thumbprint}


def succeed(current: Standing, key: jwk.Key, algorithm: str, now: datetime) -> SigningKey:
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
    """Make the next key, or the spare one, sign in place of `key`, which the caller holds."""
    start = max(now, key.activates_at)
    current = standing(key.algorithm, start)
    if current.pending:
        change(current.pending, activates_at=start)
    elif spare:
        spare.generation = current.last_generation + 1
        spare.created_at, spare.activates_at = now, start
        insert(spare)


def give_back(pending: SigningKey, now: datetime) -> None:
    """Let the predecessor of a pending key sign in its place."""
    # The pending key has an end only if a host whose clock is ahead has set it.
    ends = {"retires_at": pending.retires_at, "expires_at": pending.expires_at}
    if not heirs(pending, now).update(**ends):
        raise Overtaken
