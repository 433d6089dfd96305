"""What the other side sent, made fit for a terminal: every output passes through `visible`."""

from __future__ import annotations

# Longer than any identifier; a page of HTML is of no use to anybody.
LONGEST = 300


def visible(text: str) -> str:
    """Return text with everything that is not printable written as an escape.

    Control characters move cursors and set colours, and bidirectional marks reorder a line.
    """
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def shortened(text: str) -> str:
    """Return text at a length that a line of a report has room for."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def shown(value: object) -> str:
    """Return a value out of a document as a report shows it."""
    return visible(shortened(value if isinstance(value, str) else repr(value)))


def pointed(seen: str, expected: str) -> str:
    """Return two identifiers, one below the other, and a mark where they begin to differ."""
    left, right = shown(seen), shown(expected)
    pairs = zip(left, right, strict=False)
    same = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
    return f"{left}\n{right} is expected\n{' ' * same}^"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
