"""Make foreign text safe for a terminal: every output passes through `visible`."""

from __future__ import annotations

# Longer than any identifier. The rest of a longer value helps no reader.
LONGEST = 300


def visible(text: str) -> str:
    """Return text with an escape for each character that is not printable.

    Control characters move cursors and set colours, and bidirectional marks reorder a line.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shortened(text: str) -> str:
    """Return text, cut to a length that fits in a report."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def shown(value: object) -> str:
    """Return a value of a document, safe and short enough for a report."""
    return visible(shortened(value if isinstance(value, str) else repr(value)))


def pointed(actual: str, expected: str) -> str:
    """Return two identifiers on two lines, and a mark below the first difference."""
    left, right = shown(actual), shown(expected)
    pairs = zip(left, right, strict=False)
    same = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
    return f"{left}\n{right} is expected\n{' ' * same}^"
