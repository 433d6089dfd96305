"""The dates of a token in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.printing import shown
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

# The reason for a claim that is not a number.
_NO_NUMBER = "bad_claim"


def time_verdicts(claims: Mapping[str, Any] | None, now: datetime) -> list[Verdict]:
    """Return the verdicts about `exp`, `nbf` and `iat`."""
    if claims is None:
        return [skipped(name, gettext(NO_CLAIMS)) for name in ("exp", "nbf", "iat")]
    return [_expiry(claims, now), _start(claims, now), _issued(claims, now)]


def when(instant: datetime, now: datetime) -> str:
    """Return an instant with its distance from now, such as `2 hours ago (2026-…)`."""
    distance = instant - now
    values = {"span": in_words(abs(distance)), "date": stamp(instant)}
    if distance < timedelta(0):
        # Translators: follows a verb in the past, such as "The token expired".
        return gettext("%(span)s ago (%(date)s)") % values
    # Translators: follows a verb, such as "The token expires".
    return gettext("in %(span)s (%(date)s)") % values


def _expiry(claims: Mapping[str, Any], now: datetime) -> Verdict:
    verdict = judged("exp", lambda: check_expiry(claims, now.timestamp(), LEEWAY), "")
    if verdict.reason == _NO_NUMBER:
        return _without_number("exp", claims)
    instant = _instant(claims.get("exp"))
    if verdict.fails:
        fix = gettext("Get a new token: with the refresh token, or by signing in again.")
        return failed("exp", _expired(instant, now), verdict.reason, fix)
    if instant is None:
        return passed("exp", gettext("The token expires in the far future."))
    if instant <= now:
        leeway = gettext("That is within the %(seconds)d seconds that clocks may differ.")
        return passed("exp", f"{_expired(instant, now)} {leeway % {'seconds': LEEWAY}}")
    text = gettext("The token expires %(when)s.")
    return passed("exp", text % {"when": when(instant, now)})


def _expired(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return gettext("The token expired in the distant past.")
    return gettext("The token expired %(when)s.") % {"when": when(instant, now)}


def _start(claims: Mapping[str, Any], now: datetime) -> Verdict:
    if "nbf" not in claims:
        text = gettext("The token has no nbf, so it is valid from the beginning.")
        return passed("nbf", text)
    verdict = judged("nbf", lambda: check_start(claims, now.timestamp(), LEEWAY), "")
    if verdict.reason == _NO_NUMBER:
        return _without_number("nbf", claims)
    instant = _instant(claims["nbf"])
    values = {"when": when(instant, now) if instant else "", "seconds": LEEWAY}
    if verdict.fails:
        text = (
            gettext("The token becomes valid %(when)s.") % values
            if instant
            else gettext("The token becomes valid in the far future.")
        )
        fix = gettext("Compare the clock of this host with that of the issuer.")
        return failed("nbf", text, verdict.reason, fix)
    if instant is None:
        return passed("nbf", gettext("The token became valid."))
    if instant <= now:
        return passed("nbf", gettext("The token became valid %(when)s.") % values)
    text = gettext("The token becomes valid %(when)s, within the leeway of %(seconds)d seconds.")
    return passed("nbf", text % values)


def _without_number(name: str, claims: Mapping[str, Any]) -> Verdict:
    text = (
        gettext(
            "The token has no valid %(name)s: received %(name)s %(value)s, expected %(name)s a "
            "number."
        )
        if name in claims
        else gettext("The token has no valid %(name)s: expected %(name)s a number.")
    )
    return failed(name, text % {"name": name, "value": shown(str(claims.get(name)))}, _NO_NUMBER)


def _issued(claims: Mapping[str, Any], now: datetime) -> Verdict:
    """Say when the token was issued, which no rule of this site depends on."""
    instant = _instant(claims.get("iat"))
    if instant is None:
        text = gettext("The token does not say when it was issued. No rule needs that.")
        return info("iat", text)
    text = (
        gettext("The token says that it will be issued %(when)s: a clock is wrong.")
        if instant > now + timedelta(seconds=LEEWAY)
        else gettext("The token was issued %(when)s.")
    )
    return info("iat", text % {"when": when(instant, now)})


def _instant(value: object) -> datetime | None:
    """Return the instant of a number of seconds, or None if no calendar has it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
