"""Measures calls in this process, in processor time."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.results import Row

# A sample takes so many seconds of processor time. The clock is read after each batch of calls.
SAMPLE = 0.12
BATCH = 50


def microseconds(call: Callable[[Any], object], make: Callable[[], Any] = object) -> float:
    """Return the microseconds of one call. What `make` returns is its argument, and not counted."""
    # Collecting the garbage of the calls counts. Searching the modules of all contenders does not.
    gc.collect()
    gc.freeze()
    spent, calls = 0.0, 0
    while spent < SAMPLE:
        inputs = [make() for _ in range(BATCH)]
        before = time.process_time()
        for value in inputs:
            call(value)
        spent += time.process_time() - before
        calls += BATCH
    return spent / calls * 1e6


def print_rows(rows: Iterable[Row]) -> None:
    print(json.dumps([*rows]))
