"""Reading our own documentation: sections, fenced blocks, the rows of a table."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
# Where the pages of `docs/` are published: `docs/keys.md` is `keys.html` below it.
DOCUMENTATION = "https://mcp-oauth-discovery.readthedocs.io/en/latest"
# Of the repository, the documentation and the example.
PAGES = sorted(
    str(page.relative_to(CHECKOUT))
    for folder in (".", "docs", "docs/howto", "docs/integrations", "example_project")
    for page in (CHECKOUT / folder).glob("*.md")
)

_FENCED = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w{}-]*)[^`\n]*\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S
)


def read(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def headings(text: str, level: int) -> list[str]:
    """Return the headings of one level, without what only looks like one inside a block."""
    return re.findall(rf"^#{{{level}}} (.+)$", _FENCED.sub("", text), re.M)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level or a higher one."""
    marks = r"(?P<marks>#+)"
    found = re.search(rf"^{marks} {re.escape(heading)}$", text, re.M)
    assert found, f"there is no heading {heading!r}"
    rest = text[found.end() :]
    bare = _FENCED.sub(lambda block: " " * len(block[0]), rest)
    end = re.search(rf"^#{{1,{len(found['marks'])}}} ", bare, re.M)
    return rest[: end.start()] if end else rest


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language, free of the indentation of a list."""
    found = _FENCED.finditer(text)
    return [textwrap.dedent(one["body"]) for one in found if one["language"] == language]


class Fence(NamedTuple):
    introduction: str
    language: str
    body: str


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks in the order of the page, each with the paragraph before it."""
    found, end = [], 0
    for block in _FENCED.finditer(text):
        introduction = text[end : block.start()].strip().rpartition("\n\n")[2]
        found.append(Fence(introduction, block["language"], textwrap.dedent(block["body"])))
        end = block.end()
    return found


def first_column(text: str) -> list[str]:
    """Return the code in the first column of the tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.M)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub names them."""
    titles = [title for level in (1, 2, 3) for title in headings(text, level)]
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}
