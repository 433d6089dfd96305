"""What the package asks gettext for, and what its catalogues have; read without gettext's tools."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

import mcp_oauth_discovery

PACKAGE = Path(mcp_oauth_discovery.__file__).parent
LANGUAGES = ("de", "fr")
# A placeholder of Python's % formatting.
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[dgrs]")
# The modules that have functions for messages.
_DOORS = (
    "django.utils.translation",
    "mcp_oauth_discovery.doctor.language",
    "mcp_oauth_discovery.standards.marking",
)
# The functions in them that take a message, by the names under which modules import them.
_FUNCTION = re.compile(r"(n?p?)gettext(?:_lazy|_noop)?$")
_STRING = re.compile(r"""u('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_CALL = re.compile(rf"\b(n?p?)gettext\(({_STRING.pattern}(?:, {_STRING.pattern})*)")


class Message(NamedTuple):
    """A message as a catalogue identifies it; `plural` and `context` may be empty."""

    text: str
    plural: str = ""
    context: str = ""


class Entry(NamedTuple):
    """A message with its translations: one, or one for each plural form."""

    message: Message
    translations: list[str]
    flags: set[str]


def messages() -> set[Message]:
    """Return every message in the modules and templates of the package."""
    found: set[Message] = set()
    for path in PACKAGE.rglob("*.py"):
        found.update(in_python(path.read_text(encoding="utf-8")))
    for path in PACKAGE.rglob("*.html"):
        found.update(in_template(path.read_text(encoding="utf-8")))
    return found


def in_template(source: str) -> Iterator[Message]:
    # Django writes what is no message as rows of letters, and calls of gettext between them.
    for call in _CALL.finditer(templatize(source)):
        texts = [ast.literal_eval(text) for text in _STRING.findall(call[2])]
        yield _message(call[1], texts)


def in_python(source: str) -> Iterator[Message]:
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _DOORS
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = _FUNCTION.match(names.get(node.func.id, ""))
            texts = [text.value for text in node.args if isinstance(text, ast.Constant)]
            # Not the name of a variable, whose messages are marked elsewhere.
            if function and texts:
                yield _message(function[1], texts)


def _message(kind: str, texts: list[str]) -> Message:
    context = texts[0] if "p" in kind else ""
    text, *others = texts[1:] if context else texts
    return Message(text, others[0] if "n" in kind else "", context)


def entries(language: str, package: Path = PACKAGE) -> Iterator[Entry]:
    """Yield the entries of a catalogue, without the header."""
    for block in _path(language, package).read_text(encoding="utf-8").split("\n\n"):
        entry = _entry(block)
        if entry and entry.message.text:
            yield entry


def compiled(language: str) -> GNUTranslations:
    """Return the compiled catalogue, which Django reads."""
    with _path(language).with_suffix(".mo").open("rb") as file:
        return GNUTranslations(file)


def looked_up(catalogue: GNUTranslations, message: Message, number: int) -> str:
    """Return what a compiled catalogue has for a message."""
    text, plural, context = message
    if context and plural:
        return catalogue.npgettext(context, text, plural, number)
    if context:
        return catalogue.pgettext(context, text)
    return catalogue.ngettext(text, plural, number) if plural else catalogue.gettext(text)


def placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def obsolete(language: str) -> list[str]:
    """Return the lines of entries that no message needs any more."""
    lines = _path(language).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("#~")]


def _path(language: str, package: Path = PACKAGE) -> Path:
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


def _entry(block: str) -> Entry | None:
    fields: dict[str, str] = {}
    flags: set[str] = set()
    keyword = ""
    for line in block.splitlines():
        if line.startswith("#,"):
            flags.update(flag.strip() for flag in line[2:].split(","))
        elif match := re.match(r'(?:(msg\w+(?:\[\d\])?) )?(".*")$', line):
            keyword = match[1] or keyword
            fields[keyword] = fields.get(keyword, "") + ast.literal_eval(match[2])
    if "msgid" not in fields:
        return None
    message = Message(fields["msgid"], fields.get("msgid_plural", ""), fields.get("msgctxt", ""))
    translated = [text for name, text in fields.items() if name.startswith("msgstr")]
    return Entry(message, translated, flags)
