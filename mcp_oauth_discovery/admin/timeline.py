"""The lives of the keys as a picture: a lane for each algorithm, a bar for each key.

Lengths of time are percentages of the width, so that text keeps its size in a narrow window. The
nearer to now, the more room a day has: a handover takes a day, and a key signs for a hundred.
Everything is a string: templates would write numbers as the language of the reader has them.
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
from mcp_oauth_discovery.rotation.succession import due_at

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
    """The life of one key: its name, its state at the time, and what is to be said of it."""

    key: SigningKey
    name: str
    state: State
    text: str
    y: str
    segments: list[Segment]
    revoked_x: str
    due_x: str


class Lane(NamedTuple):
    """The keys of one algorithm, newest first; `omitted` says how many older ones there are."""

    algorithm: str
    y: str
    bars: list[Bar]
    omitted: int


class Tick(NamedTuple):
    """A mark at some days from now."""

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
    start: datetime
    end: datetime
    now: datetime

    def share(self, at: datetime) -> float:
        """Return where an instant is, from 0 at the start to 100 at the end."""
        left, right = self._scaled(self.start), self._scaled(self.end)
        share = 100 * (self._scaled(at) - left) / (right - left)
        return min(100, max(0, share))

    def x(self, at: datetime) -> str:
        return f"{self.share(at):.2f}%"

    def _scaled(self, at: datetime) -> float:
        # Nearly linear within a day of now, and nearly logarithmic beyond it.
        return math.asinh((at - self.now) / _DAY)


def timeline(keys: Sequence[SigningKey], now: datetime) -> Timeline:
    """Return the picture of all keys that are in the JWK Set, and of those that were lately."""
    window = _window(keys, now)
    lanes: list[Lane] = []
    y = _TOP
    for algorithm in sorted({key.algorithm for key in keys}):
        line = [key for key in keys if key.algorithm == algorithm]
        lane = _lane(algorithm, line, window, y, now)
        lanes.append(lane)
        y += _TITLE + _ROW * len(lane.bars) + _GAP
    return Timeline(
        lanes,
        str(y + _BOTTOM),
        str(y),
        window.x(now),
        list(_ticks(window)),
        f"{window.start:%Y-%m-%d}",
        f"{window.end:%Y-%m-%d}",
        " ".join(_described(bar) for lane in lanes for bar in lane.bars),
    )


def _window(keys: Iterable[SigningKey], now: datetime) -> _Window:
    """Return a stretch of time with the lives of the published keys in it, and some more."""
    published = [key for key in keys if key.is_published(now)]
    start = min([now - _LEAST, *(key.created_at for key in published)])
    dates = [at for key in published for at in (key.activates_at, key.retires_at, key.leaves_at)]
    dues = [_due(key, now) for key in published]
    end = max([now + _LEAST, *filter(None, dates), *filter(None, dues)])
    return _Window(start, end + (end - now) / 4, now)


def _ticks(window: _Window) -> Iterator[Tick]:
    for days in (*(-days for days in reversed(_TICKS)), *_TICKS):
        share = window.share(window.now + timedelta(days=days))
        # Not where its label would be cut off.
        if 5 < share < 95:
            yield Tick(f"{share:.2f}%", f"{days:+} d")


def _lane(
    algorithm: str, line: Iterable[SigningKey], window: _Window, top: int, now: datetime
) -> Lane:
    newest_first = sorted(line, key=lambda key: (key.created_at, key.pk), reverse=True)
    recent = [key for key in newest_first if (key.leaves_at or window.end) > window.start]
    shown = recent[:_BARS_AT_MOST]
    bars = [
        _bar(key, window, top + _TITLE + _ROW * number, now) for number, key in enumerate(shown)
    ]
    return Lane(algorithm, str(top), bars, len(newest_first) - len(shown))


def _due(key: SigningKey, now: datetime) -> datetime | None:
    """Return when the successor of an active key has to be published, if there is none yet."""
    if key.state(now) is not State.ACTIVE or key.retires_at:
        return None
    try:
        return due_at(key)
    except Misconfigured:
        return None


def _bar(key: SigningKey, window: _Window, y: int, now: datetime) -> Bar:
    state = key.state(now)
    due = _due(key, now)
    return Bar(
        key,
        f"{key.algorithm} key {key.short_kid}",
        state,
        _told(key, state, now),
        str(y),
        list(_segments(key, window)),
        window.x(key.revoked_at) if key.revoked_at else "",
        window.x(due) if due else "",
    )


def _segments(key: SigningKey, window: _Window) -> Iterator[Segment]:
    over = key.leaves_at or window.end
    retires = key.retires_at or over
    for state, start, end in (
        (State.PENDING, key.created_at, key.activates_at),
        (State.ACTIVE, key.activates_at, retires),
        (State.RETIRED, retires, over),
    ):
        left, right = window.share(start), window.share(min(end, over))
        if right > left:
            yield Segment(state.value, f"{left:.2f}%", f"{right - left:.2f}%")


def _told(key: SigningKey, state: State, now: datetime) -> str:
    """Say in a sentence what a bar shows."""
    since = {
        State.PENDING: f"published {stamp(key.created_at)}, signs from {stamp(key.activates_at)}",
        State.ACTIVE: f"signs since {stamp(key.activates_at)}",
        State.RETIRED: f"signed until {stamp(key.retires_at)}",
        State.EXPIRED: f"left the JWK Set {stamp(key.expires_at)}",
        State.REVOKED: f"revoked {stamp(key.revoked_at)}",
    }[state]
    return since + _next(key, now)


def _described(bar: Bar) -> str:
    return f"{bar.name}, {bar.state.value}: {bar.text}."


def _next(key: SigningKey, now: datetime) -> str:
    try:
        step = outlook(key, now)
    except Misconfigured:
        return ""
    return "" if step == "-" else f", {step}"
