"""What it means to rotate, retire or revoke keys, in sentences for operators.

A sentence before the change names no time that depends on when the operator confirms it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import span, stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.schedule import Standing, is_misplanned, standing

# About cached copies of the JWK Set, if MCP_JWKS_MAX_AGE is wrong.
UNKNOWN_AGE = gettext_lazy("For how long is unknown: run manage.py check.")


class Subject(NamedTuple):
    """A key or an algorithm on the page: what follows from the change, or why it stays as it is."""

    algorithm: str
    key: SigningKey | None
    sentences: list[str]
    is_changed: bool = True


def rotation_context(algorithms: Sequence[str]) -> dict[str, Any]:
    """Return the context of the page that asks before keys are rotated."""
    now = timezone.now()
    subjects = [_rotated(algorithm, now) for algorithm in algorithms]
    summary = ngettext(
        "%(changed)d of %(all)d algorithm will be rotated.",
        "%(changed)d of %(all)d algorithms will be rotated.",
        len(subjects),
    )
    return {"title": _("Rotate signing keys"), **_plan(subjects, summary)}


def change_context(keys: Sequence[SigningKey], verb: str) -> dict[str, Any]:
    """Return the context of the page that asks before keys are retired or revoked, as `verb` says.

    The keys come in the order of the changes: newer before older.
    """
    policy.check_time_zones()
    now = timezone.now()
    if verb == "retire":
        title, subjects = _("Retire signing keys"), [_retired(key, now) for key in keys]
        summary = ngettext(
            "%(changed)d of %(all)d key will be retired.",
            "%(changed)d of %(all)d keys will be retired.",
            len(keys),
        )
    else:
        title, subjects = _("Revoke signing keys"), [_revoked(key, keys, now) for key in keys]
        summary = ngettext(
            "%(changed)d of %(all)d key will be revoked.",
            "%(changed)d of %(all)d keys will be revoked.",
            len(keys),
        )
    return {
        "title": title,
        **_plan(subjects, summary),
        "cached_for": _cached_for(),
        "action": f"{verb}_keys",
    }


def _plan(subjects: Sequence[Subject], summary: str) -> dict[str, Any]:
    """Return what changes and what stays as it is, below a sentence that counts both."""
    changed = [subject for subject in subjects if subject.is_changed]
    return {
        "summary": summary % {"changed": len(changed), "all": len(subjects)},
        "changed": changed,
        "unchanged": [subject for subject in subjects if not subject.is_changed],
    }


def outcome(key: SigningKey, verb: str) -> str:
    """Describe the result for a key that was retired or revoked just now."""
    if verb == "retire":
        return _("Retired %(key)s.") % {"key": key} + f" {remains(key)}"
    # Counted from now, because others see the change only now.
    until = policy.last_cached_copy(timezone.now())
    if until is None:
        text = _("Revoked %(key)s. Cached copies of the JWK Set may be in use.") % {"key": key}
        return f"{text} {UNKNOWN_AGE}"
    text = _("Revoked %(key)s. Cached copies of the JWK Set may be in use until %(until)s.")
    return text % {"key": key, "until": stamp(until)}


def remains(key: SigningKey) -> str:
    """Return a sentence that says until when a retired key is in the JWK Set."""
    until = {"until": stamp(key.expires_at)}
    return unknown(key) or _("It stays in the JWK Set until %(until)s.") % until


def unknown(key: SigningKey) -> str:
    """Describe a key that another version of this app made, if it is one."""
    if key.algorithm in ALGORITHMS:
        return ""
    text = _(
        "The algorithm %(algorithm)s is unknown: the key is not in the JWK Set, and signs nothing."
    )
    return text % {"algorithm": key.algorithm}


def refused_at_first(
    successor: SigningKey | None, now: datetime, *, is_rehearsal: bool = False
) -> list[str]:
    """Warn that verifiers with a cached JWK Set may refuse a key's first tokens.

    Without a `successor`, this is about a key that does not exist yet. With `is_rehearsal`, it is
    about a change that is not made: the sentence is in the conditional.
    """
    until = policy.last_cached_copy(successor.created_at) if successor else None
    if until and until <= now:
        return []
    age = _cached_for()
    if not age:
        may = _("Verifiers may refuse its tokens until they fetch the JWK Set again.")
        might = _("Verifiers could refuse its tokens until they fetched the JWK Set again.")
        return [might if is_rehearsal else may]
    may = _(
        "Verifiers may refuse its tokens until they fetch the JWK Set again: within %(age)s "
        "(MCP_JWKS_MAX_AGE), unless they cache it for longer."
    )
    might = _(
        "Verifiers could refuse its tokens until they fetched the JWK Set again: within %(age)s "
        "(MCP_JWKS_MAX_AGE), unless they cached it for longer."
    )
    return [(might if is_rehearsal else may) % {"age": age}]


def _cached_for() -> str:
    """Return for how long copies of the JWK Set are cached; empty if the setting is wrong."""
    try:
        return span(policy.cached_for())
    except Misconfigured:
        return ""


def _rotated(algorithm: str, now: datetime) -> Subject:
    current, ahead = standing(algorithm, now), span(policy.timing().publish_ahead)
    if current.pending:
        text = _of_pending(current, now)
        names = {
            "pending": current.pending,
            "active": current.active,
            "start": stamp(current.pending.activates_at),
            "ahead": ahead,
        }
        return Subject(algorithm, None, [text % names], is_misplanned(current, now))
    if current.active:
        made = _("A new key is published immediately and signs %(ahead)s later.")
        stays = _("Until then, %(active)s keeps signing.")
        names = {"ahead": ahead, "active": current.active}
        return Subject(algorithm, None, [made % names, stays % names])
    made = _("No key is active: a new one is made and signs immediately.")
    return Subject(algorithm, None, [made, *refused_at_first(None, now)])


def _of_pending(current: Standing, now: datetime) -> str:
    if not is_misplanned(current, now):
        return _("%(pending)s is already pending, and signs from %(start)s.")
    if current.active is None:
        return _(
            "A host with a wrong clock let %(pending)s start on %(start)s: it signs immediately."
        )
    return _(
        "A host with a wrong clock let %(pending)s start on %(start)s: it signs %(ahead)s from "
        "now. %(active)s keeps signing until then."
    )


def _retired(key: SigningKey, now: datetime) -> Subject:
    name = key.algorithm
    if key.state(now) is not State.ACTIVE:
        return Subject(name, key, [_("Only active keys can be retired.")], is_changed=False)
    if unknown(key):
        return Subject(name, key, [unknown(key)])
    text = _(
        "It no longer signs. It stays in the JWK Set for %(stays)s, for the tokens it has signed."
    ) % {"stays": span(policy.timing().retention)}
    if name not in policy.signing_algorithms() and not standing(name, now).pending:
        last = _("%(algorithm)s is not in MCP_SIGNING_ALGORITHMS: no key will sign with it.")
        return Subject(name, key, [text, last % {"algorithm": name}])
    return Subject(name, key, [text, *_succeeded(key, (), now)])


def _revoked(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> Subject:
    state = key.state(now)
    if state is State.REVOKED:
        text = _("It was revoked at %(revoked)s.") % {"revoked": stamp(key.revoked_at)}
        return Subject(key.algorithm, key, [text], is_changed=False)
    return Subject(key.algorithm, key, list(_after_revocation(key, state, keys, now)))


def _after_revocation(
    key: SigningKey, state: State, keys: Sequence[SigningKey], now: datetime
) -> Iterator[str]:
    if unknown(key):
        yield unknown(key)
    elif state is State.EXPIRED:
        yield _("It has expired and left the JWK Set already: nothing changes for clients.")
    elif state is State.PENDING:
        yield _(
            "It is not in use yet, except for a few tokens that were signed early. These will be "
            "refused."
        )
        active = standing(key.algorithm, now).active
        if active is not None and active not in keys:
            yield _("The active key keeps signing until the next rotation.")
    else:
        yield _("Every token that it has signed is refused. Clients must get new tokens.")
        if state is State.ACTIVE:
            yield from _succeeded(key, keys, now)


def _succeeded(key: SigningKey, gone: Sequence[SigningKey], now: datetime) -> list[str]:
    """Return sentences about the key that replaces an active key; those in `gone` cannot."""
    pending = standing(key.algorithm, now).pending
    if pending is None or pending in gone:
        return [_("A new key is made and signs immediately."), *refused_at_first(None, now)]
    text = _("The pending key %(pending)s signs immediately.") % {"pending": pending}
    return [text, *refused_at_first(pending, now)]
