"""Make foreign text safe for a terminal: every output passes through `visible`."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.language import gettext

# Longer than any identifier. The rest of a longer value helps no reader.
LONGEST = 300
# French has these before some punctuation marks.
_NO_BREAK = "\xa0\u202f"


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


def readable(line: str) -> str:
    """Return a sentence of a report, as `visible` does but with its no-break spaces.

    In a value, which would look as if it had a space, `shown` escapes them.
    """
    return "".join(one if one in _NO_BREAK else visible(one) for one in line)


def shortened(text: str) -> str:
    """Return text, cut to a length that fits in a report."""
    if len(text) <= LONGEST:
        return text
    words = gettext("%(beginning)s… (%(count)d characters)")
    return words % {"beginning": text[:LONGEST], "count": len(text)}


def shown(value: object) -> str:
    """Return a value of a document, safe and short enough for a report."""
    return visible(shortened(value if isinstance(value, str) else repr(value)))


def phrase(text: str) -> str:
    """Return a text about a value, such as that of an exception, safe and short enough."""
    return readable(shortened(text))


def pointed(actual: str, expected: str) -> str:
    """Return two identifiers on two lines, and a mark below the first difference."""
    left, right = shown(actual), shown(expected)
    pairs = zip(left, right, strict=False)
    same = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
    # Translators: the mark in the next line is below a letter of the identifier: begin with it.
    second = gettext("%(identifier)s is expected") % {"identifier": right}
    return f"{left}\n{second}\n{' ' * same}^"
