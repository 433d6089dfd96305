"""Every write to the key store.

Any number of processes may run these functions concurrently. Each transaction begins with an UPDATE
that takes effect only if the key is still as it was read. That is a lock on every database, SQLite
included: the second writer updates no row. If there is no key to update, the unique generation does
the same. Rows are locked from the older key to the newer one, never the other way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from mcp_oauth_discovery.keys import jwk, policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import FormerKey, SigningKey, State, Unusable
from mcp_oauth_discovery.rotation.intake import import_key
from mcp_oauth_discovery.rotation.schedule import due_at, is_misplanned, predecessors, standing
from mcp_oauth_discovery.rotation.writes import (
    Refused,
    atomic,
    bring_forward,
    change,
    draft,
    instant,
    put_in_place_of,
    restore_predecessor,
    retrying,
    succeed,
)

__all__ = ["Pruned", "Refused", "import_key", "prune", "reencrypt", "retire", "revoke", "rotate"]

# How long the row of an expired key is kept, for readers of old logs.
KEPT_AFTER_EXPIRY = timedelta(days=365)


class Pruned(NamedTuple):
    """The keys whose private key `prune` erased, or would erase, and those that it deleted."""

    erased: list[str]
    deleted: list[str]


def rotate(algorithm: str, *, now: datetime | None = None, if_due: bool = False) -> SigningKey:
    """Publish the successor of an algorithm's active key, and return it.

    It takes over after `MCP_KEY_PUBLISH_AHEAD`, or immediately if no key is active. While a key is
    pending, that key is returned. With `if_due`, the active key is returned until its successor is
    due. A pending key from a host whose clock was far ahead takes over as early as a new one.
    Raises `Refused` for an unknown algorithm, or if too many other changes happen meanwhile.
    """
    if algorithm not in ALGORITHMS:
        text = _("Unknown algorithm %(algorithm)r; expected one of %(known)s.")
        raise Refused(text % {"algorithm": algorithm, "known": ", ".join(ALGORITHMS)})
    now = instant(now)
    active_keys: list[SigningKey | None] = []

    def attempt() -> SigningKey:
        current = standing(algorithm, now)
        if current.pending and not is_misplanned(current, now):
            return current.pending
        active_keys.append(current.active)
        # After losing to another process, use the key that it made.
        is_patient = if_due or current.active != active_keys[0]
        if current.active and is_patient and now < due_at(current.active):
            return current.pending or current.active
        if current.pending:
            return bring_forward(current, current.pending, now)
        return succeed(current, jwk.generate(algorithm), algorithm, now)

    return retrying(attempt)


def retire(key: SigningKey | str, *, now: datetime | None = None) -> SigningKey:
    """Stop signing with an active key, and return it; it stays published for the retention.

    Its successor signs immediately: the pending key or a new one. There is none if the algorithm is
    no longer in `MCP_SIGNING_ALGORITHMS`. Raises `Refused` unless the key is active.
    """
    now = instant(now)
    kid = str(key)

    def attempt() -> SigningKey:
        key = _find(kid)
        if key.state(now) is not State.ACTIVE:
            text = _("The key %(kid)s is %(state)s; only an active one can be retired.")
            state = str(key.state(now).label).lower()
            raise Refused(text % {"kid": kid, "state": state})
        needs_successor = key.algorithm in policy.signing_algorithms()
        # Made before the transaction, to keep the transaction short.
        spare = _spare(key, now) if needs_successor else None
        with atomic():
            change(key, retires_at=now, expires_at=now + policy.timing().retention)
            put_in_place_of(key, spare, now)
            return _find(kid)

    return retrying(attempt)


def revoke(key: SigningKey | str, *, now: datetime | None = None) -> SigningKey:
    """Remove a key from the JWK Set immediately and permanently, and return it.

    After an active key, the pending key or a new one signs immediately. After a pending key, its
    predecessor keeps signing. Raises `Refused` if the key is unknown or already revoked.
    """
    now = instant(now)
    kid = str(key)

    def attempt() -> SigningKey:
        key = _find(kid)
        if key.revoked_at:
            text = _("The key %(kid)s was revoked at %(at)s.")
            raise Refused(text % {"kid": kid, "at": stamp(key.revoked_at)})
        state = key.state(now) if key.generation is not None else State.RETIRED
        has_predecessor = state is State.PENDING and predecessors(key, now).exists()
        leaves_gap = state in (State.ACTIVE, State.PENDING) and not has_predecessor
        # Made before the transaction, to keep the transaction short.
        spare = _spare(key, now) if leaves_gap else None
        with atomic():
            if has_predecessor:
                restore_predecessor(key, now)
            change(key, revoked_at=now)
            if leaves_gap:
                put_in_place_of(key, spare, now)
            return _find(kid)

    return retrying(attempt)


def prune(*, now: datetime | None = None, dry_run: bool = False) -> Pruned:
    """Erase the private keys of keys that no longer sign, and delete keys that expired long ago.

    A key stays until its successor has retired too: by the correct clock, it may still sign.
    With `dry_run`, nothing is changed.
    """
    now = instant(now)

    def attempt() -> Pruned:
        keys = SigningKey.objects.authoritative()
        no_longer_signs = Q(revoked_at__lte=now) | Q(retires_at__lte=now)
        long_ago = now - KEPT_AFTER_EXPIRY
        successors = keys.filter(
            algorithm=OuterRef("algorithm"),
            generation__gt=OuterRef("generation"),
            retires_at__lte=now,
        )
        is_dispensable = Q(generation=None) | Exists(successors)
        has_expired = Q(expires_at__lte=long_ago) & is_dispensable
        deletable = keys.filter(Q(revoked_at__lte=long_ago) | has_expired)
        deleted = sorted(deletable.values_list("kid", flat=True))
        erasable = keys.filter(no_longer_signs).exclude(private_key="").exclude(kid__in=deleted)
        erased = list(erasable.order_by("pk").values_list("kid", flat=True))
        if not dry_run:
            with atomic():
                # One by one: databases lock the rows of a larger UPDATE in an order of their own.
                for kid in erased:
                    keys.filter(no_longer_signs, kid=kid).update(private_key="")
                former = [FormerKey(kid=kid, deleted_at=now) for kid in deleted]
                FormerKey.objects.bulk_create(former, ignore_conflicts=True)
                keys.filter(kid__in=deleted).delete()
        return Pruned(sorted(erased), deleted)

    return retrying(attempt)


def reencrypt(*, now: datetime | None = None) -> list[str]:
    """Encrypt all private keys again, with the first encryption key; return the kids.

    Raises `Refused`, with nothing changed, if a key that may still sign cannot be decrypted. Other
    keys that cannot be decrypted stay as they are, for `prune`.
    """
    now = instant(now)

    def attempt() -> list[str]:
        keys = SigningKey.objects.authoritative()
        renewed = []
        for key in keys.exclude(private_key="").order_by("pk"):
            former = key.private_key
            try:
                key.seal(key.unseal())
            except Unusable as error:
                if key.state(now) in (State.PENDING, State.ACTIVE):
                    raise Refused(str(error)) from error
            else:
                renewed.append((key, former))
        with atomic():
            for key, former in renewed:
                # Unless it was erased in the meantime.
                keys.filter(pk=key.pk, private_key=former).update(private_key=key.private_key)
        return sorted(key.kid for key, _ in renewed)

    return retrying(attempt)


def _find(kid: str) -> SigningKey:
    # Some databases ignore case, so compare the kid again. Databases refuse a NUL and a lone
    # surrogate, which no kid has.
    keys = SigningKey.objects.authoritative().filter(kid=kid if kid.isprintable() else "")
    key: SigningKey | None = next((key for key in keys if key.kid == kid), None)
    if key is None:
        text = _("There is no key %(kid)r. 'manage.py mcp_keys list' shows all of them.")
        raise Refused(text % {"kid": kid})
    return key


def _spare(gone: SigningKey, now: datetime) -> SigningKey | None:
    """Return a new key to replace a key; None if there is a successor, or no key can be made."""
    # Another version may have stored keys of further algorithms.
    if gone.algorithm not in ALGORITHMS:
        return None
    if gone.state(now) is State.ACTIVE and standing(gone.algorithm, now).pending:
        return None
    return draft(jwk.generate(gone.algorithm), gone.algorithm)
