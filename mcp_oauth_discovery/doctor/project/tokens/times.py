"""The dates of a token in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from mcp_oauth_discovery.doctor.project.tokens.verdicts import (
    NO_CLAIMS,
    Verdict,
    failed,
    info,
    judged,
    passed,
    skipped,
)
from mcp_oauth_discovery.keys.lifetimes import in_words, stamp
from mcp_oauth_discovery.signing.rules import LEEWAY, check_expiry, check_start


def time_verdicts(claims: Mapping[str, Any] | None, now: datetime) -> list[Verdict]:
    """Return the verdicts about `exp`, `nbf` and `iat`."""
    if claims is None:
        return [skipped(name, NO_CLAIMS) for name in ("exp", "nbf", "iat")]
    return [_expiry(claims, now), _start(claims, now), _issued(claims, now)]


def when(instant: datetime, now: datetime) -> str:
    """Return an instant with its distance from now, such as `2 hours ago (2026-…)`."""
    distance = instant - now
    words = in_words(abs(distance))
    return f"{f'{words} ago' if distance < timedelta(0) else f'in {words}'} ({stamp(instant)})"


def _expiry(claims: Mapping[str, Any], now: datetime) -> Verdict:
    value = claims.get("exp")
    verdict = judged("exp", lambda: check_expiry(claims, now.timestamp(), LEEWAY), "")
    if verdict.reason == "bad_claim":
        return verdict
    instant = _instant(value)
    if verdict.fails:
        text = f"The token expired {when(instant, now)}." if instant else verdict.text
        fix = "Get a new token: with the refresh token, or by signing in again."
        return failed("exp", text, verdict.reason, fix)
    if instant is None:
        return passed("exp", "The token expires in the far future.")
    if instant <= now:
        leeway = f"That is within the {LEEWAY} seconds that clocks may differ."
        return passed("exp", f"The token expired {when(instant, now)}. {leeway}")
    return passed("exp", f"The token expires {when(instant, now)}.")


def _start(claims: Mapping[str, Any], now: datetime) -> Verdict:
    if "nbf" not in claims:
        return passed("nbf", "The token has no nbf, so it is valid from the beginning.")
    instant = _instant(claims["nbf"])
    since = f" {when(instant, now)}" if instant else ""
    verdict = judged(
        "nbf",
        lambda: check_start(claims, now.timestamp(), LEEWAY),
        f"The token becomes valid{since}, within the leeway of {LEEWAY} seconds."
        if instant and instant > now
        else f"The token became valid{since}.",
    )
    if verdict.reason != "not_yet_valid":
        return verdict
    text = f"The token becomes valid{since or ' in the far future'}."
    fix = "Compare the clock of this host with that of the issuer."
    return failed("nbf", text, verdict.reason, fix)


def _issued(claims: Mapping[str, Any], now: datetime) -> Verdict:
    """Say when the token was issued, which no rule of this site depends on."""
    instant = _instant(claims.get("iat"))
    if instant is None:
        return info("iat", "The token does not say when it was issued. No rule needs that.")
    if instant > now + timedelta(seconds=LEEWAY):
        text = f"The token says that it will be issued {when(instant, now)}: a clock is wrong."
        return info("iat", text)
    return info("iat", f"The token was issued {when(instant, now)}.")


def _instant(value: object) -> datetime | None:
    """Return the instant of a number of seconds, or None if no calendar has it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
