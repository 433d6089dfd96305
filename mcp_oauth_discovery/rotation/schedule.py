"""The schedule of the keys of an algorithm: which signs, which follows, and when a rotation is due.

All of it is read from the database that is written.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import router
from django.db.models import Q, QuerySet

from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.models import FormerKey, SigningKey, State

# A smaller difference delays a handover by less, which does no harm.
_WRONG_CLOCK = timedelta(days=1)


class Standing(NamedTuple):
    """The succession of one algorithm at one instant."""

    active: SigningKey | None
    pending: SigningKey | None
    last_generation: int


def standing(algorithm: str, now: datetime) -> Standing:
    """Return the key that signs with an algorithm at an instant, and the next one."""
    store = SigningKey.objects.authoritative()
    line = store.filter(algorithm=algorithm).exclude(generation=None)
    keys = list(line.order_by("generation"))
    # Hosts whose clocks are ahead may have made several pending keys: the next one counts.
    by_state = {key.state(now): key for key in reversed(keys)}
    last = keys[-1].generation if keys else 0
    return Standing(by_state.get(State.ACTIVE), by_state.get(State.PENDING), last or 0)


def is_misplanned(current: Standing, now: datetime) -> bool:
    """Return whether a host whose clock was far ahead made the pending key.

    Such a key would sign much later than a key that is made now.
    """
    pending, active = current.pending, current.active
    if pending is None or pending.activates_at <= now + 2 * policy.CLOCK_SKEW:
        return False
    if active is None:
        return True
    is_of_wrong_clock = pending.created_at > now + _WRONG_CLOCK
    return is_of_wrong_clock and pending.activates_at > now + policy.timing().publish_ahead


def due_at(key: SigningKey) -> datetime:
    """Return when the successor of an active key must be published."""
    spans = policy.timing()
    return key.activates_at + spans.interval - spans.publish_ahead


def predecessors(pending: SigningKey, now: datetime) -> QuerySet[SigningKey]:
    """Return the predecessor of a pending key, if it can keep signing.

    It cannot if a host whose clock is ahead has revoked it or erased its private key.
    """
    keys: QuerySet[SigningKey] = SigningKey.objects.authoritative().filter(
        ~Q(private_key=""),
        algorithm=pending.algorithm,
        generation__lt=pending.generation,
        retires_at=pending.activates_at,
        retires_at__gt=now,
        revoked_at=None,
    )
    return keys


def is_known(kid: str) -> bool:
    """Return whether a kid is or ever was in the key store."""
    is_here: bool = SigningKey.objects.authoritative().filter(kid=kid).exists()
    former = FormerKey.objects.using(router.db_for_write(FormerKey))
    return is_here or former.filter(kid=kid).exists()


def is_imported(kid: str) -> bool:
    """Return whether a kid belongs to an imported key that never signs here and was not revoked."""
    keys = SigningKey.objects.authoritative()
    return bool(keys.filter(kid=kid, generation=None, revoked_at=None).exists())
