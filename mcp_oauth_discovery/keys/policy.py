"""Read and check the settings of the key store: lifetimes, algorithms, caching, encryption."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from mcp_oauth_discovery.conf import (
    Misconfigured,
    conf,
    secret_keys,
    uses_time_zones,
)
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY
from mcp_oauth_discovery.keys.encryption import check_keys, derive_key
from mcp_oauth_discovery.logs.sensitive import sensitive

# How far the clocks of the hosts that sign, publish and verify may be apart, either way.
CLOCK_SKEW = timedelta(seconds=60)

# Larger than anyone needs, and small enough that date arithmetic cannot overflow.
MOST_SECONDS = 365 * 86400
LONGEST_SPAN = timedelta(days=36500)

# Known to this process alone, so that a fingerprint does not help to guess a secret.
_FINGERPRINT_KEY = secrets.token_bytes(32)


class Timing(NamedTuple):
    """The three spans of a key's life."""

    interval: timedelta
    publish_ahead: timedelta
    retention: timedelta


def timing() -> Timing:
    """Return the spans of a key's life; raises `Misconfigured` if they contradict each other."""
    fault = next(timing_faults(), None)
    if fault:
        raise fault
    return Timing(
        conf.MCP_KEY_ROTATION_INTERVAL, conf.MCP_KEY_PUBLISH_AHEAD, conf.MCP_KEY_RETENTION
    )


def timing_faults() -> Iterator[Misconfigured]:
    """Yield every problem with the spans of a key's life, and with the dates that use them."""
    spans: dict[str, Any] = {
        "MCP_KEY_ROTATION_INTERVAL": conf.MCP_KEY_ROTATION_INTERVAL,
        "MCP_KEY_PUBLISH_AHEAD": conf.MCP_KEY_PUBLISH_AHEAD,
        "MCP_KEY_RETENTION": conf.MCP_KEY_RETENTION,
    }
    valid: dict[str, timedelta] = {}
    for setting, span in spans.items():
        if isinstance(span, timedelta) and timedelta(0) < span <= LONGEST_SPAN:
            valid[setting] = span
            continue
        is_long = isinstance(span, timedelta) and span > LONGEST_SPAN
        limit = f"{LONGEST_SPAN.days} days at most" if is_long else "a timedelta above zero"
        hint = f"Write, for example, {setting} = timedelta(days=2)."
        yield Misconfigured.of(setting, span, f"expected {limit}", hint)
    yield from _contradictions(
        valid.get("MCP_KEY_ROTATION_INTERVAL"), valid.get("MCP_KEY_PUBLISH_AHEAD")
    )
    try:
        check_time_zones()
    except Misconfigured as fault:
        yield fault


def check_time_zones() -> None:
    """Raise `Misconfigured` if dates of keys would be read and written in local time."""
    if not uses_time_zones():
        problem = (
            "signing keys need dates in UTC, because local time repeats an hour when summer time "
            "ends"
        )
        raise Misconfigured.of("USE_TZ", False, problem, "Write USE_TZ = True, or leave it out.")


def _contradictions(
    interval: timedelta | None, publish_ahead: timedelta | None
) -> Iterator[Misconfigured]:
    if publish_ahead is None:
        return
    if interval is not None and interval < publish_ahead:
        yield Misconfigured.of(
            "MCP_KEY_ROTATION_INTERVAL",
            interval,
            f"a key would be published before its predecessor; expected at least "
            f"MCP_KEY_PUBLISH_AHEAD ({publish_ahead})",
            "Write a longer interval, or a shorter MCP_KEY_PUBLISH_AHEAD.",
        )
    try:
        cached = timedelta(seconds=jwks_max_age())
    except Misconfigured as fault:
        yield fault
        return
    if publish_ahead < cached:
        yield Misconfigured.of(
            "MCP_KEY_PUBLISH_AHEAD",
            publish_ahead,
            f"a key would sign while cached copies of the JWK Set lack it; expected at least "
            f"MCP_JWKS_MAX_AGE ({cached})",
            "Write a longer span, or a shorter MCP_JWKS_MAX_AGE.",
        )


def tight_publish_ahead() -> Misconfigured | None:
    """Return a warning if `MCP_KEY_PUBLISH_AHEAD` is too short for hosts whose clocks differ.

    It is long enough for a single host, so this is not a fault.
    """
    if any(timing_faults()):
        return None
    publish_ahead, enough = conf.MCP_KEY_PUBLISH_AHEAD, cached_for() + 2 * CLOCK_SKEW
    if publish_ahead >= enough:
        return None
    problem = (
        f"a host whose clock is ahead may sign with a key that cached copies of the JWK Set lack; "
        f"use at least {enough}, which is MCP_JWKS_MAX_AGE and a little more"
    )
    hint = "Write a longer span, or a shorter MCP_JWKS_MAX_AGE."
    return Misconfigured.of("MCP_KEY_PUBLISH_AHEAD", publish_ahead, problem, hint)


def signing_algorithms() -> list[str]:
    """Return `MCP_SIGNING_ALGORITHMS`; raises `Misconfigured`."""
    algorithms = conf.MCP_SIGNING_ALGORITHMS
    if (
        not isinstance(algorithms, (list, tuple))
        or not algorithms
        or any(algorithm not in list(ALGORITHMS) for algorithm in algorithms)
        or len(set(algorithms)) < len(algorithms)
    ):
        problem = f"expected a list of one or more of {', '.join(ALGORITHMS)}, each once"
        hint = 'Write, for example, MCP_SIGNING_ALGORITHMS = ["RS256", "EdDSA"].'
        raise Misconfigured.of("MCP_SIGNING_ALGORITHMS", algorithms, problem, hint)
    return list(algorithms)


def jwks_max_age() -> int:
    """Return `MCP_JWKS_MAX_AGE` in seconds; raises `Misconfigured`."""
    return whole_seconds("MCP_JWKS_MAX_AGE", conf.MCP_JWKS_MAX_AGE)


def cached_for() -> timedelta:
    """Return for how long a cached copy of the JWK Set may be in use after the keys change."""
    return READ_AT_MOST_EVERY + timedelta(seconds=jwks_max_age())


def last_cached_copy(now: datetime) -> datetime | None:
    """Return until when a copy of the JWK Set that was cached before `now` may be in use.

    None if the setting is wrong: a wrong setting must not delay a revocation.
    """
    try:
        return now + cached_for()
    except Misconfigured:
        return None


@sensitive
def encryption_keys() -> list[str]:
    """Return the Fernet keys: the first one encrypts, all of them decrypt; raises `Misconfigured`.

    Keys that were derived from `SECRET_KEY` keep decrypting after `MCP_KEY_ENCRYPTION_KEYS` is set.
    """
    return [*configured_encryption_keys(), *(derive_key(secret) for secret in secret_keys())]


def encryption_fingerprint() -> bytes:
    """Return a value that differs when the encryption keys differ; nothing is checked."""
    # Do not bind the secrets to a variable: error pages show local variables.
    return blake2b(
        repr((conf.MCP_KEY_ENCRYPTION_KEYS, secret_keys())).encode(), key=_FINGERPRINT_KEY
    ).digest()


def configured_encryption_keys() -> list[str]:
    """Return `MCP_KEY_ENCRYPTION_KEYS`, empty when unset; raises `Misconfigured`."""
    # Do not bind the value to a variable: error pages show local variables.
    if conf.MCP_KEY_ENCRYPTION_KEYS is None:
        return []
    try:
        check_keys(conf.MCP_KEY_ENCRYPTION_KEYS)
    except ValueError as error:
        # Without the cause, because its frames hold the keys.
        raise Misconfigured.of(
            "MCP_KEY_ENCRYPTION_KEYS",
            "(not shown)",
            error,
            "Write a list of Fernet keys, newest first. This makes one: python -c "
            "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
        ) from None
    return list(conf.MCP_KEY_ENCRYPTION_KEYS)


def whole_seconds(setting: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_SECONDS:
        problem = f"expected a whole number of seconds, 0 to {MOST_SECONDS} (365 days)"
        raise Misconfigured.of(setting, value, problem, f"Write, for example, {setting} = 300.")
    return value
