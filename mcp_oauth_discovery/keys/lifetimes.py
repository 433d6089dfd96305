"""Instants, spans and states in words, for operators."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from django.utils import translation
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext, npgettext_lazy, pgettext_lazy

_SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
_UNITS = {
    "day": pgettext_lazy("unit of time", "d"),
    "hour": pgettext_lazy("unit of time", "h"),
    "minute": pgettext_lazy("unit of time", "min"),
    "second": pgettext_lazy("unit of time", "s"),
}
_WORDS = {
    "day": npgettext_lazy("after In or for", "%d day", "%d days"),
    "hour": npgettext_lazy("after In or for", "%d hour", "%d hours"),
    "minute": npgettext_lazy("after In or for", "%d minute", "%d minutes"),
    "second": npgettext_lazy("after In or for", "%d second", "%d seconds"),
}
_STATES = {
    "pending": pgettext_lazy("state of a key", "Pending"),
    "active": pgettext_lazy("state of a key", "Active"),
    "retired": pgettext_lazy("state of a key", "Retired"),
    "expired": pgettext_lazy("state of a key", "Expired"),
    "revoked": pgettext_lazy("state of a key", "Revoked"),
}
_MANY = 3


def state_in_words(state: str) -> str:
    """Return the name of a state of a key."""
    return str(_STATES[state])


def stamp(instant: datetime | None) -> str:
    """Return an instant in UTC, to the second; a dash for None."""
    # Translators: a date with a time, as the `date` filter of Django writes it.
    return _written(instant, gettext("Y-m-d H:i:s"), " UTC")


def day(instant: datetime | None) -> str:
    """Return the day of an instant, in UTC; a dash for None."""
    # Translators: a date, as the `date` filter of Django writes it.
    return _written(instant, gettext("Y-m-d"))


def _written(instant: datetime | None, form: str, zone: str = "") -> str:
    return formatted(instant.astimezone(timezone.utc), form) + zone if instant else "-"


def span(length: timedelta) -> str:
    """Return a span as its two largest units, such as `1 d 3 h`."""
    return (
        " ".join(f"{count} {_UNITS[unit]}" for unit, count in _largest(length)[:2])
        or f"0 {_UNITS['second']}"
    )


def in_words(length: timedelta) -> str:
    """Return a span for a sentence, such as `1 day 3 hours` or `40 days`."""
    units = _largest(length) or [("second", 0)]
    # Hours do not matter if there are several days.
    precise = units[:2] if units[0][1] < _MANY else units[:1]
    return " ".join(str(_WORDS[unit] % count) for unit, count in precise)


def in_english(length: timedelta) -> str:
    """Return `in_words` for a message that is in English in every language."""
    with translation.override(None):
        return in_words(length)


def _largest(length: timedelta) -> list[tuple[str, int]]:
    """Return the units of a span and their counts, the largest first, without zeros."""
    seconds = int(length.total_seconds())
    parts = []
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((unit, count))
    return parts
