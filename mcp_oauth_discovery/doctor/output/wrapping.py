"""Break sentences into lines that fit a terminal; URLs and commands stay in one piece."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from mcp_oauth_discovery.doctor.printing import readable

# The usual width of a terminal.
COLUMNS = 80
# Readers copy commands and quoted texts, so these stay in one piece. An apostrophe within a word
# begins no quotation.
_TO_COPY = re.compile(
    r"(?:python )?manage\.py \w+(?: (?:https?://|--?\w)\S*| check\b| rotate\b| revoke\b| KID\b)*"
    r"|(?<!\w)'[^'\n]{1,60}'(?!\w)"
    r"|`[^`\n]{1,60}`"
)
# `readable` escapes it, so that no other text has it.
_GLUE = "\0"
_MARK = "^"


def wrapped(text: str, indent: int) -> list[str]:
    """Return the lines of a text, escaped for a terminal, to be printed after an indent.

    Two identifiers with a mark below their first difference stay on the lines that they have.
    """
    lines = [readable(line) for line in text.split("\n")]
    aligned = set(_aligned(lines))
    return [
        part
        for place, line in enumerate(lines)
        for part in ([line] if place in aligned else _parts(line, COLUMNS - indent))
    ]


def _aligned(lines: list[str]) -> Iterator[int]:
    """Yield the places of the marks, and those of the two lines above each."""
    for place, line in enumerate(lines):
        if line.strip() == _MARK:
            yield from (place - 2, place - 1, place)


def _parts(line: str, width: int) -> list[str]:
    glued = _TO_COPY.sub(lambda match: match[0].replace(" ", _GLUE), line)
    parts = textwrap.wrap(glued, width, break_long_words=False, break_on_hyphens=False)
    return [part.replace(_GLUE, " ") for part in parts] or [""]
