"""A timeline of the keys: a lane for each algorithm, a bar for each key.

Positions are percentages of the width, so that text keeps its size in a narrow window. Days near
now are wider: a handover takes a day, and a key signs for a hundred. All values are strings,
because templates format numbers for the language of the reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation.outlook import outlook
from mcp_oauth_discovery.rotation.schedule import due_at

_TOP, _TITLE, _ROW, _GAP, _BOTTOM = 26, 26, 46, 12, 24
_BARS_AT_MOST = 6
_LEAST = timedelta(days=2)
_DAY = timedelta(days=1)
_TICKS = (1, 7, 30, 90, 365)


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
    """A mark some days before or after now."""

    x: str
    label: str


class Timeline(NamedTuple):
    lanes: list[Lane]
    height: str
    axis_y: str
    now_x: str
    ticks: list[Tick]
    start: str
    end: str
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

    def ticks(self) -> Iterator[Tick]:
        """Yield the marks of the axis."""
        for days in (*(-days for days in reversed(_TICKS)), *_TICKS):
            share = self.share(self.now + timedelta(days=days))
            # Skip a mark whose label would be cut off.
            if 5 < share < 95:
                yield Tick(f"{share:.2f}%", f"{days:+} d")

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
            f"{key.algorithm} key {key.short_kid}",
            key.state(self.now),
            self.sentence(key),
            str(y),
            list(self.segments(key)),
            self.x(key.revoked_at),
            self.x(_due(key, self.now)),
        )

    def sentence(self, key: SigningKey) -> str:
        """Describe in a sentence what a bar shows, and what happens next."""
        start = stamp(key.activates_at)
        since = {
            State.PENDING: f"published at {stamp(key.created_at)}, signs from {start}",
            State.ACTIVE: f"has signed since {start}",
            State.RETIRED: f"signed until {stamp(key.retires_at)}",
            State.EXPIRED: f"left the JWK Set at {stamp(key.expires_at)}",
            State.REVOKED: f"revoked at {stamp(key.revoked_at)}",
        }[key.state(self.now)]
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
        list(window.ticks()),
        f"{window.start:%Y-%m-%d}",
        f"{window.end:%Y-%m-%d}",
        " ".join(
            f"{bar.name}, {bar.state.value}: {bar.text}." for lane in lanes for bar in lane.bars
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
