"""A language that puts each translation in brackets, so that any other text is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

START, END = "⟦", "⟧"
NO_BREAK = "\xa0"
_SEPARATOR = "\x04"
# Texts that are the same in every language.
_DATA = re.compile(
    r"""\w+://\S+ | (?<![\w/])/[\w./-]+ | \bUTC\b
    | \b(EdDSA|ES256|RS256)\b
    | (?<![\w-])([\w-]{43}(?![\w-])|[\w-]{10}…)  # a kid
    | \buser\d+\b
    """,
    re.VERBOSE,
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_PLACEHOLDER = re.compile(r"%\(\w+\)[dgrs]")
_TAGS_OF_CODE = {"code", "pre", "script", "style", "bdi"}
_ATTRIBUTES = {"title", "aria-label", "placeholder", "data-mcp-copied"}
_VOID = {"meta", "link", "input", "img", "br", "hr"}


def bracketed(message: str) -> str:
    return f"{START}{message.rpartition(_SEPARATOR)[2]}{END}"


def bracketed_parts(message: str) -> str:
    """Return a message in brackets, but for its placeholders: their values are then outside."""
    return _PLACEHOLDER.sub(rf"{END}\g<0>{START}", bracketed(message))


def french_parts(message: str) -> str:
    """Return the same, with a no-break space as French has them."""
    return NO_BREAK + bracketed_parts(message)


def outside(text: str) -> str:
    """Return a text with a space in the place of each letter between brackets."""
    letters, depth = [], 0
    for letter in text:
        depth += (letter == START) - (letter == END)
        letters.append(letter if depth == 0 and letter != END else " ")
    return "".join(letters)


def untranslated(text: str) -> list[str]:
    """Return the words outside of all brackets, without data such as kids and URLs."""
    return _LETTERS.findall(_DATA.sub(" ", outside(text)))


class Page(HTMLParser):
    """The texts of a page, in its order: those that people see, or hear from a screen reader.

    What is code, or declared to be in English, is left out.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self._hidden: list[bool] = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        hidden = self._hidden[-1] or tag in _TAGS_OF_CODE or values.get("lang") == "en"
        if not hidden:
            self.attributes += _seen(tag, values)
        if tag not in _VOID:
            self._hidden.append(hidden)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        # The brackets around code belong to the sentence that it is in.
        brackets = re.sub(rf"[^{START}{END}]", "", data)
        self.texts.append(brackets if self._hidden[-1] else data)


def _seen(tag: str, values: dict[str, str]) -> Iterator[str]:
    yield from (value for name, value in values.items() if name in _ATTRIBUTES)
    if tag == "input" and values.get("type") in ("submit", "button"):
        yield values.get("value", "")


def faults(page: str) -> list[str]:
    """Return the words of a page that are not translated."""
    parsed = Page(page)
    texts = ["\n".join(parsed.texts), *parsed.attributes]
    return [word for text in texts for word in untranslated(text)]
