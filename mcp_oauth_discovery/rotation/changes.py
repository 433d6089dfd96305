"""Every write to the key store.

Any number of processes may come here at once. Each transaction begins with an UPDATE that takes
effect only if the key is still as it was read: that is a lock on every database, SQLite included,
and whoever comes second finds nothing to update. Where there is no key to update, the unique
generation does the same. Rows are taken from the older key to the newer one, never the other way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from mcp_oauth_discovery.keys import jwk, policy
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import FormerKey, SigningKey, State, Unusable
from mcp_oauth_discovery.rotation.intake import import_key
from mcp_oauth_discovery.rotation.succession import due_at, heirs, is_astray, standing
from mcp_oauth_discovery.rotation.writes import (
    Refused,
    atomic,
    bring_forward,
    change,
    draft,
    give_back,
    instant,
    put_in_place_of,
    retrying,
    succeed,
)

__all__ = ["Pruned", "Refused", "import_key", "prune", "reencrypt", "retire", "revoke", "rotate"]

# How long the row of a key that nobody publishes any more is kept, for whoever reads old logs.
KEPT_AFTER_EXPIRY = timedelta(days=365)


class Pruned(NamedTuple):
    """What `prune` has done, or would do: the keys whose private half goes, and those that go."""

    erased: list[str]
    deleted: list[str]


def rotate(algorithm: str, *, now: datetime | None = None, if_due: bool = False) -> SigningKey:
    """Publish the successor of an algorithm's active key, and return it.

    It takes over after `MCP_KEY_PUBLISH_AHEAD`, at once where no key is active. While one is
    pending, that one is returned; with `if_due`, the active key is, until its successor is due.
    If a host with a clock far ahead made the pending key, it takes over as early as a new one.
    """
    _check_algorithm(algorithm)
    now = instant(now)

    seen: list[SigningKey | None] = []

    def attempt() -> SigningKey:
        current = standing(algorithm, now)
        if current.pending and not is_astray(current, now):
            return current.pending
        seen.append(current.active)
        # Whoever has been overtaken takes what the other one made.
        is_patient = if_due or current.active != seen[0]
        if current.active and is_patient and now < due_at(current.active):
            return current.pending or current.active
        if current.pending:
            return bring_forward(current, current.pending, now)
        return succeed(current, jwk.generate(algorithm), algorithm, now)

    return retrying(attempt)


def retire(key: SigningKey | str, *, now: datetime | None = None) -> SigningKey:
    """Let an active key sign no more, and return it; it stays published for the retention.

    Its successor signs at once: the pending one, else a new one, unless the algorithm is no
    longer in `MCP_SIGNING_ALGORITHMS`. Raises `Refused` unless the key is active.
    """
    now = instant(now)
    kid = str(key)

    def attempt() -> SigningKey:
        found = _find(kid)
        if found.state(now) is not State.ACTIVE:
            raise Refused(
                f"The key {kid} is {found.state(now).value}; only an active one can be retired."
            )
        needs_successor = found.algorithm in policy.signing_algorithms()
        spare = draft(jwk.generate(found.algorithm), found.algorithm) if needs_successor else None
        with atomic():
            change(found, retires_at=now, expires_at=now + policy.timing().retention)
            put_in_place_of(found, spare, now)
            return _find(kid)

    return retrying(attempt)


def revoke(key: SigningKey | str, *, now: datetime | None = None) -> SigningKey:
    """Take a key out of the JWK Set at once and for ever, and return it.

    An active key is followed by the pending one or a new one, active at once; a pending key
    gives its predecessor its time back. Raises `Refused` if it is unknown or revoked already.
    """
    now = instant(now)
    kid = str(key)

    def attempt() -> SigningKey:
        found = _find(kid)
        if found.revoked_at:
            raise Refused(f"The key {kid} was revoked at {stamp(found.revoked_at)}.")
        state = found.state(now) if found.generation is not None else State.RETIRED
        has_heir = state is State.PENDING and heirs(found, now).exists()
        leaves_gap = state in (State.ACTIVE, State.PENDING) and not has_heir
        # Made before the transaction, which is to be short.
        spare = _spare(found, now) if leaves_gap else None
        with atomic():
            if has_heir:
                give_back(found, now)
            change(found, revoked_at=now)
            if leaves_gap:
                put_in_place_of(found, spare, now)
            return _find(kid)

    return retrying(attempt)


def prune(*, now: datetime | None = None, dry_run: bool = False) -> Pruned:
    """Erase the private halves of keys that sign no more, and delete those long expired.

    A key stays until its successor has retired too: by the correct clock, it may still sign.
    With `dry_run`, only say which they are.
    """
    now = instant(now)
    return retrying(lambda: _prune(now, dry_run))


def reencrypt(*, now: datetime | None = None) -> list[str]:
    """Encrypt all private halves anew with the first key; return the kids.

    Raises `Refused`, with nothing changed, if one that may still sign cannot be decrypted. One
    that signs no more and cannot be decrypted is left as it is, for `prune`.
    """
    now = instant(now)
    return retrying(lambda: _reencrypt(now))


def _check_algorithm(algorithm: str) -> None:
    if algorithm not in jwk.ALGORITHMS:
        known = ", ".join(jwk.ALGORITHMS)
        raise Refused(f"Unknown algorithm {algorithm!r}; expected one of {known}.")


def _find(kid: str) -> SigningKey:
    # Some databases compare text without regard to case; a kid is compared exactly. None has what
    # databases cannot even be asked for: a NUL, or half of a character.
    keys = SigningKey.objects.authoritative().filter(kid=kid if kid.isprintable() else "")
    found: SigningKey | None = next((key for key in keys if key.kid == kid), None)
    if found is None:
        raise Refused(f"There is no key {kid!r}. 'manage.py mcp_keys list' shows all of them.")
    return found


def _spare(gone: SigningKey, now: datetime) -> SigningKey | None:
    """Return a new key for the place of one; None if there is one already, or can be none."""
    # Another version may have stored keys of further algorithms.
    if gone.algorithm not in jwk.ALGORITHMS:
        return None
    if gone.state(now) is State.ACTIVE and standing(gone.algorithm, now).pending:
        return None
    return draft(jwk.generate(gone.algorithm), gone.algorithm)


def _prune(now: datetime, dry_run: bool) -> Pruned:
    keys = SigningKey.objects.authoritative()
    over = Q(revoked_at__lte=now) | Q(retires_at__lte=now)
    long_ago = now - KEPT_AFTER_EXPIRY
    followed = keys.filter(
        algorithm=OuterRef("algorithm"),
        generation__gt=OuterRef("generation"),
        retires_at__lte=now,
    )
    is_needless = Q(generation=None) | Exists(followed)
    long_over = Q(revoked_at__lte=long_ago) | (Q(expires_at__lte=long_ago) & is_needless)
    deleted = sorted(keys.filter(long_over).values_list("kid", flat=True))
    erasable = keys.filter(over).exclude(private_key="").exclude(kid__in=deleted)
    erased = list(erasable.order_by("pk").values_list("kid", flat=True))
    if not dry_run:
        with atomic():
            # One by one: an UPDATE of many locks them in an order of the database's own.
            for kid in erased:
                keys.filter(over, kid=kid).update(private_key="")
            former = [FormerKey(kid=kid, deleted_at=now) for kid in deleted]
            FormerKey.objects.bulk_create(former, ignore_conflicts=True)
            keys.filter(kid__in=deleted).delete()
    return Pruned(sorted(erased), deleted)


def _reencrypt(now: datetime) -> list[str]:
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
            # Not if it was erased meanwhile.
            keys.filter(pk=key.pk, private_key=former).update(private_key=key.private_key)
    return sorted(key.kid for key, _ in renewed)
