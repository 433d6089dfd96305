"""Reads the `Accept` header (RFC 9110 §12.5.1).

Django's reader takes long for long headers, and raises exceptions for some malformed ones. Servers
read this header in their event loop.
"""

from __future__ import annotations

import re

# In characters. Clients list a few types, so a longer header is not worth the time.
_LONGEST = 1000
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")


def quality(accept: str, media_type: str) -> float:
    """Return how much a client wants a media type, from 0 to 1, by its `Accept` header.

    The most specific range that includes the type decides. A range whose weight is malformed does
    not count, and neither does a header of more than 1,000 characters.
    """
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    best = (-1, 0.0)
    for part in accept.split(",") if len(accept) <= _LONGEST else ():
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        if name in ranges:
            weight = _weight(parameters)
            best = best if weight is None else max(best, (ranges.index(name), weight))
    return best[1]


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _WEIGHT.match(value.strip()) else None
    return 1.0
