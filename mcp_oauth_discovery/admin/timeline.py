"""A timeline of the keys: a lane for each algorithm, a bar for each key.

Positions are percentages of the width, so that text keeps its size in a narrow window. Days near
now are wider: a handover takes a day, and a key signs for a hundred. All values are strings,
because templates format numbers for the language of the reader. States have patterns, and marks
have shapes, so that the picture can be read without colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.outlook import outlook
from mcp_oauth_discovery.rotation.schedule import due_at

_TOP, _TITLE, _ROW, _GAP, _BOTTOM = 26, 26, 48, 12, 42
_BARS_AT_MOST = 6
_LEAST = timedelta(days=2)
_DAY = timedelta(days=1)
_TICKS = (1, 7, 30, 90, 365, 1000, 3650)
# In percent: labels that are closer overlap in a narrow window, and those at the edge are cut off.
_LEAST_BETWEEN, _LEAST_AT_EDGE = 13, 6


class Segment(NamedTuple):
    """A stretch of a bar in one state."""

    state: str
    x: str
    width: str


class Bar(NamedTuple):
    """The life of one key: its name, its state now, and a sentence about it."""

    key: SigningKey
    name: str
    state: State
    text: str
    y: str
    segments: list[Segment]
    revoked_x: str
    due_x: str


class Lane(NamedTuple):
    """The keys of one algorithm, newest first; `omitted` is the number of older ones."""

    algorithm: str
    y: str
    bars: list[Bar]
    omitted: int


class Tick(NamedTuple):
    """The start of a day, in UTC: the day and the year."""

    x: str
    label: str
    year: str


class Timeline(NamedTuple):
    lanes: list[Lane]
    height: str
    axis_y: str
    now_x: str
    ticks: list[Tick]
    start: str
    end: str
    now: str
    description: str


class _Window(NamedTuple):
    """The stretch of time in the picture."""

    start: datetime
    end: datetime
    now: datetime

    @classmethod
    def around(cls, keys: Iterable[SigningKey], now: datetime) -> _Window:
        """Return a window that shows the lives of the published keys, and some time after them."""
        published = [key for key in keys if key.is_published(now)]
        start = min([now - _LEAST, *(key.created_at for key in published)])
        dates = [
            date
            for key in published
            for date in (key.activates_at, key.retires_at, key.leaves_at, _due(key, now))
        ]
        end = max([now + _LEAST, *filter(None, dates)])
        return cls(start, end + (end - now) / 4, now)

    def share(self, at: datetime) -> float:
        """Return the position of an instant, from 0 at the start to 100 at the end."""
        # Nearly linear within a day of now, and nearly logarithmic beyond it.
        left, position, right = (
            math.asinh((instant - self.now) / _DAY) for instant in (self.start, at, self.end)
        )
        return min(100, max(0, 100 * (position - left) / (right - left)))

    def x(self, at: datetime | None) -> str:
        """Return the position of an instant; empty for None."""
        return f"{self.share(at):.2f}%" if at else ""

    def ticks(self) -> list[Tick]:
        """Return the marks of the axis, from left to right."""
        return [*reversed(list(self._ticks(-1))), *self._ticks(1)]

    def _ticks(self, direction: int) -> Iterator[Tick]:
        """Yield the marks after now, or those before it, and begin with the nearest."""
        today = self.now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        last: float | None = None
        for days in _TICKS:
            day = today + days * direction * _DAY
            share = self.share(day)
            is_apart = last is None or abs(share - last) >= _LEAST_BETWEEN
            if is_apart and _LEAST_AT_EDGE <= share <= 100 - _LEAST_AT_EDGE:
                last = share
                # Translators: a day without a year, as the `date` filter of Django writes it.
                yield Tick(f"{share:.2f}%", date_format(day, _("j M")), f"{day:%Y}")

    def segments(self, key: SigningKey) -> Iterator[Segment]:
        """Yield the parts of a key's life in this window."""
        over = key.leaves_at or self.end
        retires = key.retires_at or over
        for state, start, end in (
            (State.PENDING, key.created_at, key.activates_at),
            (State.ACTIVE, key.activates_at, retires),
            (State.RETIRED, retires, over),
        ):
            left, right = self.share(start), self.share(min(end, over))
            if right > left:
                yield Segment(state.value, f"{left:.2f}%", f"{right - left:.2f}%")

    def bar(self, key: SigningKey, y: int) -> Bar:
        """Return the bar of a key, at a height in the picture."""
        return Bar(
            key,
            _("%(algorithm)s key %(kid)s") % {"algorithm": key.algorithm, "kid": key.short_kid},
            key.state(self.now),
            self.sentence(key),
            str(y),
            list(self.segments(key)),
            self.x(key.revoked_at),
            self.x(_due(key, self.now)),
        )

    def sentence(self, key: SigningKey) -> str:
        """Describe in a sentence what a bar shows, and what happens next."""
        texts = {
            State.PENDING: _("published at %(created)s, signs from %(activates)s"),
            State.ACTIVE: _("has signed since %(activates)s"),
            State.RETIRED: _("signed until %(retires)s"),
            State.EXPIRED: _("left the JWK Set at %(expires)s"),
            State.REVOKED: _("revoked at %(revoked)s"),
        }
        since = texts[key.state(self.now)] % {
            "created": stamp(key.created_at),
            "activates": stamp(key.activates_at),
            "retires": stamp(key.retires_at),
            "expires": stamp(key.expires_at),
            "revoked": stamp(key.revoked_at),
        }
        if key.state(self.now) is State.PENDING:
            return since
        try:
            step = outlook(key, self.now)
        except Misconfigured:
            return since
        return since if step == "-" else f"{since}, {step}"


def timeline(keys: Sequence[SigningKey], now: datetime) -> Timeline:
    """Return the picture of the published keys and of those that left the JWK Set recently."""
    window = _Window.around(keys, now)
    lanes: list[Lane] = []
    y = _TOP
    for algorithm in sorted({key.algorithm for key in keys}):
        line = [key for key in keys if key.algorithm == algorithm]
        newest_first = sorted(line, key=lambda key: (key.created_at, key.pk), reverse=True)
        recent = [key for key in newest_first if (key.leaves_at or window.end) > window.start]
        shown = recent[:_BARS_AT_MOST]
        bars = [window.bar(key, y + _TITLE + _ROW * number) for number, key in enumerate(shown)]
        lanes.append(Lane(algorithm, str(y), bars, len(line) - len(bars)))
        y += _TITLE + _ROW * len(bars) + _GAP
    return Timeline(
        lanes,
        str(y + _BOTTOM),
        str(y),
        window.x(now),
        window.ticks(),
        f"{window.start:%Y-%m-%d}",
        f"{window.end:%Y-%m-%d}",
        stamp(now),
        " ".join(
            f"{bar.name}, {bar.state.label}: {bar.text}." for lane in lanes for bar in lane.bars
        ),
    )


def _due(key: SigningKey, now: datetime) -> datetime | None:
    """Return when the successor of an active key must be published, if there is none yet."""
    if key.state(now) is not State.ACTIVE or key.retires_at:
        return None
    try:
        return due_at(key)
    except Misconfigured:
        return None
