"""A clock that stands still, and what a copy of the keys holds."""

from __future__ import annotations

from tests.keys import NOW


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


def kids(keys, now=NOW):
    return [key.kid for key in keys.at(now)]
