"""What `mcp_keys` says about a change: what it did, or what it would do in a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation import consequences


class Successor(NamedTuple):
    """The key that signs after a change; `is_undone` if a dry run made it and undid that."""

    key: SigningKey
    is_undone: bool


def rotated(key: SigningKey, *, is_new: bool, dry_run: bool) -> str:
    """Say that a key was published, or brought forward."""
    values = {"algorithm": key.algorithm, "kid": key.kid, "start": stamp(key.activates_at)}
    if not dry_run:
        return _("%(algorithm)s: published %(kid)s, signs from %(start)s.") % values
    if is_new:
        return _("%(algorithm)s: would publish a new key, to sign from %(start)s.") % values
    return _("%(algorithm)s: would bring %(kid)s forward, to sign from %(start)s.") % values


def unchanged(key: SigningKey, now: datetime) -> str:
    """Say that a key needs no rotation yet."""
    text = _("%(algorithm)s: %(kid)s is already %(state)s, signs from %(start)s.")
    values = {"algorithm": key.algorithm, "kid": key.kid, "start": stamp(key.activates_at)}
    return text % {**values, "state": str(key.state(now).label).lower()}


def retired(key: SigningKey, *, dry_run: bool) -> str:
    """Say until when a retired key is in the JWK Set."""
    values = {"kid": key.kid, "until": stamp(key.expires_at)}
    if unknown := consequences.unknown(key):
        first = _("Would retire %(kid)s.") if dry_run else _("Retired %(kid)s.")
        return f"{first % values} {unknown}"
    if dry_run:
        text = _("Would retire %(kid)s. It would stay in the JWK Set until %(until)s.")
    else:
        text = _("Retired %(kid)s. It stays in the JWK Set until %(until)s.")
    return text % values


def revoked(key: SigningKey, cached_until: datetime | None, *, dry_run: bool) -> str:
    """Say until when copies of a JWK Set with a revoked key may be in use."""
    if dry_run and cached_until:
        text = _(
            "Would revoke %(kid)s. Cached copies of the JWK Set could be in use until %(until)s "
            "(MCP_JWKS_MAX_AGE). Purging shared caches would shorten that."
        )
    elif dry_run:
        text = _(
            "Would revoke %(kid)s. Cached copies of the JWK Set could be in use. For how long is "
            "unknown: run manage.py check. Purging shared caches would shorten that."
        )
    elif cached_until:
        text = _(
            "Revoked %(kid)s. Cached copies of the JWK Set may be in use until %(until)s "
            "(MCP_JWKS_MAX_AGE). Purge shared caches to shorten that."
        )
    else:
        text = _(
            "Revoked %(kid)s. Cached copies of the JWK Set may be in use. For how long is unknown: "
            "run manage.py check. Purge shared caches to shorten that."
        )
    return text % {"kid": key.kid, "until": stamp(cached_until)}


def succeeded(
    successor: Successor | None, algorithm: str, now: datetime, *, dry_run: bool
) -> Iterator[str]:
    """Yield sentences about the key that signs next, if there is one."""
    if successor is None:
        nothing = _("No key signs %(algorithm)s tokens now.")
        would = _("No key would sign %(algorithm)s tokens then.")
        yield (would if dry_run else nothing) % {"algorithm": algorithm}
        return
    key = successor.key
    values = {"algorithm": algorithm, "kid": key.kid}
    # Every verifier has a key that was signing before.
    if key.activates_at < now:
        keeps = _("%(kid)s keeps signing %(algorithm)s tokens.")
        would = _("%(kid)s would keep signing %(algorithm)s tokens.")
        yield (would if dry_run else keeps) % values
        return
    if successor.is_undone:
        text = _("A new key would sign %(algorithm)s tokens.")
    elif dry_run:
        text = _("%(kid)s would sign %(algorithm)s tokens.")
    else:
        text = _("%(kid)s now signs %(algorithm)s tokens.")
    yield text % values
    yield from consequences.refused_at_first(key, now, is_rehearsal=dry_run)


def imported(key: SigningKey, *, is_public: bool) -> str:
    """Say what an imported key does."""
    values = {"algorithm": key.algorithm, "kid": key.kid}
    if is_public:
        text = _("%(algorithm)s: imported %(kid)s, published until %(until)s.")
        return text % {**values, "until": stamp(key.expires_at)}
    text = _("%(algorithm)s: imported %(kid)s, signs from %(start)s.")
    return text % {**values, "start": stamp(key.activates_at)}


def other_kid(key: SigningKey, kid: str, *, is_public: bool) -> str:
    """Warn that a file has another kid than the key gets here."""
    warning = _(
        "Warning: the file has the kid %(other)s. The key is published as %(kid)s; tokens with the "
        "other kid cannot be verified with this JWK Set."
    )
    text = warning % {"other": shown(kid), "kid": key.kid}
    if not is_public:
        return text
    advice = _("To publish it under the other kid, run the command again with --keep-kid.")
    return f"{text} {advice}"


def pruned(erased: list[str], deleted: list[str], *, dry_run: bool) -> Iterator[str]:
    """Yield a sentence for each key whose private key was erased, and for each that was deleted."""
    erase = _("Erased the private key of %(kid)s.")
    delete = _("Deleted %(kid)s.")
    if dry_run:
        erase = _("Would erase the private key of %(kid)s.")
        delete = _("Would delete %(kid)s.")
    yield from (erase % {"kid": kid} for kid in erased)
    yield from (delete % {"kid": kid} for kid in deleted)
    if not erased and not deleted:
        yield _("Nothing to prune.")
