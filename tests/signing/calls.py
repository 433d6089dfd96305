"""How often functions are called, for tests of work that must be done once."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager


@contextmanager
def calls(*functions):
    """Count the calls of Python functions in the block, together."""
    counted, codes = Counter(), {function.__code__ for function in functions}

    def count(frame, event, argument):
        counted[event == "call" and frame.f_code in codes] += 1

    former = sys.getprofile()
    sys.setprofile(count)
    try:
        yield lambda: counted[True]
    finally:
        sys.setprofile(former)
