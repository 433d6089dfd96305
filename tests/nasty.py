"""Values that want to get out of the header they are put into."""

from __future__ import annotations

NASTY = [
    'a"b',
    "a\\b",
    'a\\"',
    "a\r\nSet-Cookie: x=y",
    "a\nb",
    "a\rb",
    "a\x00b",
    "a\tb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "café",
    "a\U0001f600b",
    "x" * 8192,
]
# One of each kind: a quote, an end of line, a control character, a letter beyond ASCII, length.
REPRESENTATIVE = ['a"b', "a\r\nSet-Cookie: x=y", "a\x00b", "café", "x" * 8192]
