"""No text that people see is left out of the catalogues, in any module."""

from __future__ import annotations

import pytest

from tests.translations.catalogues import PACKAGE
from tests.translations.left_out import sentences

ROOMS = ("admin", "doctor", "management")
# Texts that are the same in every language.
IN_ENGLISH: dict[str, set[str]] = {
    "doctor/project/tokens/views.py": {"application/json, text/event-stream"},
}
MODULES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_is_marked_for_translation(room):
    left_out = {}
    for path in MODULES:
        name = str(path.relative_to(PACKAGE))
        if name.startswith(f"{room}/"):
            known = IN_ENGLISH.get(name, set())
            texts = [text for text in sentences(path.read_text()) if text not in known]
            if texts:
                left_out[name] = texts
    assert left_out == {}


def test_list_of_english_texts_has_only_texts_that_are_there():
    for name, known in IN_ENGLISH.items():
        assert known <= set(sentences((PACKAGE / name).read_text())), name


def test_sentences_are_texts_of_two_words_outside_of_gettext():
    source = '''"""A docstring here."""
HEADER = "WWW-Authenticate: Bearer"
NAMES = ["one", "GET /mcp"]
WORDS = re.compile("a pattern here")
LEFT = ("a text", f"{name} is here")
MARKED = _("a marked text"), ngettext("one key", "%d keys", 2) % {"name": "a name"}
Entry(section="RFC 9728 and more", seen="seen here")
'''
    assert list(sentences(source)) == ["a text", "NAME is here", "a name", "seen here"]
