"""What it means to rotate, retire or revoke, in sentences for whoever does it.

What is said before the change names no instant that depends on when the button is pressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.jwk import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import span, stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.succession import is_astray, standing

# Of copies of the JWK Set, where MCP_JWKS_MAX_AGE is wrong.
UNKNOWN_AGE = "For how long is unknown: run manage.py check."


def of_rotation(algorithms: Sequence[str]) -> dict[str, Any]:
    """Return what a page has to show before the keys of some algorithms are rotated."""
    now = timezone.now()
    return {
        "title": "Rotate signing keys",
        "subjects": [(algorithm, None, _rotated(algorithm, now)) for algorithm in algorithms],
    }


def of_change(keys: Sequence[SigningKey], verb: str) -> dict[str, Any]:
    """Return what a page has to show before keys are retired or revoked; `verb` says which.

    They come in the order in which it will be done to them: newer before older.
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
    """Say what has become of a key that was retired or revoked just now."""
    if verb == "retire":
        return f"Retired {key}. {remains(key)}"
    # From now on, when the others can see it.
    until = policy.last_cached_copy(timezone.now())
    said = f"Revoked {key}. Copies of the JWK Set cached before can be in use"
    return f"{said} until {stamp(until)}." if until else f"{said}. {UNKNOWN_AGE}"


def remains(key: SigningKey) -> str:
    """Say until when a retired key is in the JWK Set."""
    return _unknown(key) or f"It stays in the JWK Set until {stamp(key.expires_at)}."


def refused_at_first(successor: SigningKey | None, now: datetime) -> list[str]:
    """Say what a key that signs from now on meets with, if not every cached copy has it.

    Without a key, it is one that is yet to be made.
    """
    until = policy.last_cached_copy(successor.created_at) if successor else None
    if until and until <= now:
        return []
    said, age = "Verifiers may refuse its tokens until they fetch the JWK Set again", _cached_for()
    within = f": within {age} (MCP_JWKS_MAX_AGE), unless they cache it for longer" if age else ""
    return [f"{said}{within}."]


def _cached_for() -> str:
    """Return for how long copies of the JWK Set are in use; nothing where the setting is wrong."""
    try:
        return span(policy.cached_for())
    except Misconfigured:
        return ""


def _rotated(algorithm: str, now: datetime) -> list[str]:
    current, ahead = standing(algorithm, now), span(policy.timing().publish_ahead)
    if current.pending and is_astray(current, now):
        return [_brought_forward(current.pending, current.active, ahead)]
    if current.pending:
        start = stamp(current.pending.activates_at)
        return [f"{current.pending} is pending and signs from {start}: nothing will happen."]
    if current.active:
        return [
            f"A new key is published at once and signs {ahead} later.",
            f"Until then {current.active} goes on to sign.",
        ]
    return ["No key is active: a new one is made and signs at once.", *refused_at_first(None, now)]


def _brought_forward(pending: SigningKey, active: SigningKey | None, ahead: str) -> str:
    clock = f"A host with a wrong clock let {pending} start on {stamp(pending.activates_at)}"
    if active is None:
        return f"{clock}: it signs immediately."
    return f"{clock}: it signs {ahead} from now. {active} keeps signing until then."


def _retired(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> list[str]:
    state = key.state(now)
    if state is not State.ACTIVE:
        return [f"It is {state.value}, and only an active key can be retired: nothing will happen."]
    if _unknown(key):
        return [_unknown(key)]
    stays = span(policy.timing().retention)
    said = f"It signs no more. It stays in the JWK Set for {stays}, for the tokens it has signed."
    if (
        key.algorithm not in policy.signing_algorithms()
        and not standing(key.algorithm, now).pending
    ):
        last = f"{key.algorithm} is not in MCP_SIGNING_ALGORITHMS: nothing signs with it any more."
        return [said, last]
    return [said, *_succeeded(key, (), now)]


def _revoked(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> list[str]:
    state = key.state(now)
    if state is State.REVOKED:
        return [f"It was revoked at {stamp(key.revoked_at)}: nothing will happen."]
    if _unknown(key):
        return [_unknown(key)]
    if state is State.EXPIRED:
        return ["It is out of the JWK Set already: nobody notices."]
    if state is State.PENDING:
        said = (
            "It signs nothing yet, but for some tokens in the last minutes before its time: these "
            "are refused."
        )
        active = standing(key.algorithm, now).active
        goes_on = active is not None and active not in keys
        follows = ["The active key goes on to sign until the next rotation."] if goes_on else []
        return [said, *follows]
    said = "Every token that it has signed is refused. Whoever holds one has to get a new one."
    return [said, *(_succeeded(key, keys, now) if state is State.ACTIVE else [])]


def _unknown(key: SigningKey) -> str:
    """Say what is to be said of a key that another version of this app has made."""
    if key.algorithm in ALGORITHMS:
        return ""
    name = key.algorithm
    return f"The algorithm {name} is unknown: the key is not in the JWK Set, and signs nothing."


def _succeeded(key: SigningKey, gone: Sequence[SigningKey], now: datetime) -> list[str]:
    """Say who signs in place of an active key, if those of `gone` cannot."""
    pending = standing(key.algorithm, now).pending
    if pending is None or pending in gone:
        return ["A new key is made and signs at once.", *refused_at_first(None, now)]
    return [f"The pending key {pending} signs at once.", *refused_at_first(pending, now)]
