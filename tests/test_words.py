"""Comments, messages, templates and pages are in plain English, without the words listed here."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import NamedTuple

import pytest

from tests.markdown import CHECKOUT, read

BANNED = re.compile(
    r"""\b(
        whoever | whom(ever)? | (no|some|every|any)body(['\u2019]s)?
        | anew | at\s+once | (go|goes|going|gone|went)\s+on\s+to | (is|are|was|were)\s+to
        | ha(s|ve)\s+(its|the|his|her|their)\s+word | told | strangers? | walk(s|ed|ing)?
        | (public|private)\s+hal(f|ves) | hal(f|ves)\s+of\s+(a|the|its|each)\s+keys?
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Code, names and quoted messages. A message is checked where it is written.
CODE_SPAN = re.compile(r"(?<!`)`(?!`)(?:[^`\n]|\n(?!\s*\n))+`(?!`)")
HAS_CODE_SPANS = (".py", ".md")
END_OF_SENTENCE = re.compile(r"[.!?]\s+|\n\s*\n|\||</\w+>")

WRITTEN = (
    "*.md",
    "docs/**/*.md",
    "docs/**/*.svg",
    *(
        f"{folder}/**/*.{suffix}"
        for folder in ("mcp_oauth_discovery", "example_project", "benchmarks")
        for suffix in ("py", "html", "js", "css", "md")
    ),
)
FILES = sorted(
    {
        path.relative_to(CHECKOUT).as_posix()
        for pattern in WRITTEN
        for path in CHECKOUT.glob(pattern)
        # What the example has written itself, with the static files of the admin.
        if "var" not in path.relative_to(CHECKOUT).parts
    }
)


class Allowed(NamedTuple):
    """A word in the files that match a pattern, and why it may stay."""

    files: str
    word: str
    reason: str


ALLOWED = (
    Allowed(
        "mcp_oauth_discovery/doctor/*",
        "walk",
        "the requests that the doctor sends from an MCP endpoint to the keys; a room has this name",
    ),
)


class Passage(NamedTuple):
    """A text that people read, and the lines of the file that it is on."""

    first_line: int
    last_line: int
    text: str


class Use(NamedTuple):
    line: int
    word: str
    sentence: str


class Strings(ast.NodeVisitor):
    """Collects the strings of a module; one of a single word is a name."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(node, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        self._add(node, "".join(parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def _add(self, node: ast.expr, text: str) -> None:
        if len(text.split()) > 1:
            self.passages.append(Passage(node.lineno, node.end_lineno or node.lineno, text))


def strings(source: str) -> list[Passage]:
    visitor = Strings()
    visitor.visit(ast.parse(source))
    return visitor.passages


def comments(source: str) -> Iterator[Passage]:
    """Yield each comment, with the lines that continue it."""
    lines: list[str] = []
    last_line = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != last_line + 1:
            yield Passage(last_line - len(lines) + 1, last_line, "\n".join(lines))
            lines = []
        lines.append(token.string.lstrip("#"))
        last_line = token.start[0]
    if lines:
        yield Passage(last_line - len(lines) + 1, last_line, "\n".join(lines))


def passages(name: str, text: str) -> list[Passage]:
    if name.endswith(".py"):
        return [*comments(text), *strings(text)]
    return [Passage(1, text.count("\n") + 1, text)]


def without_code(text: str) -> str:
    """Return the text with placeholders of the same length, so that lines stay where they are."""
    return CODE_SPAN.sub(lambda span: re.sub(r"\S", "_", span[0]), text)


def sentence_at(text: str, match: re.Match[str]) -> str:
    ends = [end.end() for end in END_OF_SENTENCE.finditer(text, 0, match.start())]
    following = END_OF_SENTENCE.search(text, match.end())
    sentence = text[ends[-1] if ends else 0 : following.start() + 1 if following else len(text)]
    return " ".join(sentence.strip(" |<").split())


def uses(name: str, text: str) -> list[Use]:
    """Return the banned words in a file, with the sentences that they are in."""
    matches = []
    for passage in passages(name, text):
        prose = without_code(passage.text) if name.endswith(HAS_CODE_SPANS) else passage.text
        for match in BANNED.finditer(prose):
            line = passage.first_line + prose.count("\n", 0, match.start())
            word = " ".join(match[0].lower().split())
            sentence = sentence_at(passage.text, match)
            matches.append(Use(min(line, passage.last_line), word, sentence))
    return sorted(matches)


def exception_for(name: str, use: Use) -> Allowed | None:
    for allowed in ALLOWED:
        if fnmatch(name, allowed.files) and allowed.word == use.word:
            return allowed
    return None


@pytest.mark.parametrize("name", FILES)
def test_file_is_in_plain_english(name):
    refused = [use for use in uses(name, read(name)) if exception_for(name, use) is None]
    assert not refused, "\n".join(f"{name}:{line}: {word}: {text}" for line, word, text in refused)


def test_every_exception_is_needed_and_there_are_few():
    needed = {exception_for(name, use) for name in FILES for use in uses(name, read(name))}
    assert needed - {None} == set(ALLOWED)
    assert len(ALLOWED) <= 10


@pytest.mark.parametrize(
    ("name", "text", "use"),
    [
        ("a.py", "x = 1\n# It goes\n# on to sign.\n", Use(2, "goes on to", "It goes on to sign.")),
        ("a.py", '"""A key.\n\nIt is to sign."""\n', Use(3, "is to", "It is to sign.")),
        ("a.py", 'x = ("Read it "\n     "anew.")\n', Use(1, "anew", "Read it anew.")),
        ("a.py", 'x = f"{y} was told {z}."\n', Use(1, "told", "… was told ….")),
        ("a.html", "<h1>Hi</h1>\nIt is\ntold</p>\n", Use(3, "told", "It is told")),
        ("a.md", "# Keys\n\nStop. Run it at\nonce!\n", Use(3, "at once", "Run it at once!")),
        ("a.md", "| Key | The private half |\n", Use(1, "private half", "The private half")),
    ],
    ids=["comment", "docstring", "message", "f-string", "template", "page", "table"],
)
def test_banned_word_is_found_with_its_line_and_sentence(name, text, use):
    assert uses(name, text) == [use]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", 'told = {"told": walk}\n'),
        ("a.py", "# See `walk` and `is to`.\n"),
        ("a.md", "The client says `told\nat once`. This is too late.\n"),
    ],
    ids=["names", "code in a comment", "quoted message"],
)
def test_names_and_quoted_code_may_have_any_word(name, text):
    assert uses(name, text) == []
