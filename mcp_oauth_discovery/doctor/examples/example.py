"""What an example is."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A broken answer, or the part of it that matters, and a right one."""

    broken: str
    right: str
