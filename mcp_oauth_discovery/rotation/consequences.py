"""What it means to rotate, retire or revoke keys, in sentences for operators.

A sentence before the change names no time that depends on when the operator confirms it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import span, stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.schedule import is_misplanned, standing

# About cached copies of the JWK Set, if MCP_JWKS_MAX_AGE is wrong.
UNKNOWN_AGE = "For how long is unknown: run manage.py check."


def rotation_context(algorithms: Sequence[str]) -> dict[str, Any]:
    """Return the context of the page that asks before keys are rotated."""
    now = timezone.now()
    return {
        "title": "Rotate signing keys",
        "subjects": [(algorithm, None, _rotated(algorithm, now)) for algorithm in algorithms],
    }


def change_context(keys: Sequence[SigningKey], verb: str) -> dict[str, Any]:
    """Return the context of the page that asks before keys are retired or revoked, as `verb` says.

    The keys come in the order of the changes: newer before older.
    """
    policy.check_time_zones()
    now = timezone.now()
    change = _retired if verb == "retire" else _revoked
    return {
        "title": f"{verb.capitalize()} signing keys",
        "subjects": [(key.algorithm, key, change(key, keys, now)) for key in keys],
        "cached_for": _cached_for(),
        "action": f"{verb}_keys",
    }


def outcome(key: SigningKey, verb: str) -> str:
    """Describe the result for a key that was retired or revoked just now."""
    if verb == "retire":
        return f"Retired {key}. {remains(key)}"
    # Counted from now, because others see the change only now.
    until = policy.last_cached_copy(timezone.now())
    text = f"Revoked {key}. Cached copies of the JWK Set may be in use"
    return f"{text} until {stamp(until)}." if until else f"{text}. {UNKNOWN_AGE}"


def remains(key: SigningKey) -> str:
    """Return a sentence that says until when a retired key is in the JWK Set."""
    return _unknown(key) or f"It stays in the JWK Set until {stamp(key.expires_at)}."


def refused_at_first(successor: SigningKey | None, now: datetime) -> list[str]:
    """Warn that verifiers with a cached JWK Set may refuse a key's first tokens.

    Without a `successor`, this is about a key that does not exist yet.
    """
    until = policy.last_cached_copy(successor.created_at) if successor else None
    if until and until <= now:
        return []
    text, age = "Verifiers may refuse its tokens until they fetch the JWK Set again", _cached_for()
    within = f": within {age} (MCP_JWKS_MAX_AGE), unless they cache it for longer" if age else ""
    return [f"{text}{within}."]


def _cached_for() -> str:
    """Return for how long copies of the JWK Set are cached; empty if the setting is wrong."""
    try:
        return span(policy.cached_for())
    except Misconfigured:
        return ""


def _rotated(algorithm: str, now: datetime) -> list[str]:
    current, ahead = standing(algorithm, now), span(policy.timing().publish_ahead)
    pending, active = current.pending, current.active
    if pending and is_misplanned(current, now):
        clock = f"A host with a wrong clock let {pending} start on {stamp(pending.activates_at)}"
        if active is None:
            return [f"{clock}: it signs immediately."]
        return [f"{clock}: it signs {ahead} from now. {active} keeps signing until then."]
    if pending:
        start = stamp(pending.activates_at)
        return [f"Skipped: {pending} is already pending, and signs from {start}."]
    if active:
        return [
            f"A new key is published immediately and signs {ahead} later.",
            f"Until then, {active} keeps signing.",
        ]
    made = "No key is active: a new one is made and signs immediately."
    return [made, *refused_at_first(None, now)]


def _retired(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> list[str]:
    state = key.state(now)
    if state is not State.ACTIVE:
        return [f"Skipped: only active keys can be retired, and this one is {state.value}."]
    if _unknown(key):
        return [_unknown(key)]
    stays = span(policy.timing().retention)
    text = f"It no longer signs. It stays in the JWK Set for {stays}, for the tokens it has signed."
    if (
        key.algorithm not in policy.signing_algorithms()
        and not standing(key.algorithm, now).pending
    ):
        name = key.algorithm
        return [text, f"{name} is not in MCP_SIGNING_ALGORITHMS: no key will sign with it."]
    return [text, *_succeeded(key, (), now)]


def _revoked(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> list[str]:
    state = key.state(now)
    if state is State.REVOKED:
        return [f"Skipped: it was revoked at {stamp(key.revoked_at)}."]
    if _unknown(key):
        return [_unknown(key)]
    if state is State.EXPIRED:
        return ["It has expired and left the JWK Set already: nothing changes for clients."]
    if state is State.PENDING:
        text = (
            "It is not in use yet, except for a few tokens that were signed early. These will be "
            "refused."
        )
        active = standing(key.algorithm, now).active
        stays = active is not None and active not in keys
        return [text, *(["The active key keeps signing until the next rotation."] if stays else [])]
    text = "Every token that it has signed is refused. Clients must get new tokens."
    return [text, *(_succeeded(key, keys, now) if state is State.ACTIVE else [])]


def _unknown(key: SigningKey) -> str:
    """Describe a key that another version of this app made, if it is one."""
    if key.algorithm in ALGORITHMS:
        return ""
    name = key.algorithm
    return f"The algorithm {name} is unknown: the key is not in the JWK Set, and signs nothing."


def _succeeded(key: SigningKey, gone: Sequence[SigningKey], now: datetime) -> list[str]:
    """Return sentences about the key that replaces an active key; those in `gone` cannot."""
    pending = standing(key.algorithm, now).pending
    if pending is None or pending in gone:
        return ["A new key is made and signs immediately.", *refused_at_first(None, now)]
    return [f"The pending key {pending} signs immediately.", *refused_at_first(pending, now)]
