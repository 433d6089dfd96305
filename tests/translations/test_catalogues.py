"""The catalogues are complete, current and correct."""

from __future__ import annotations

from pathlib import Path

import django
import pytest

from tests.translations import catalogues
from tests.translations.catalogues import LANGUAGES, PACKAGE, placeholders

HOW = "python -m django makemessages --all --no-location --no-obsolete"
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


@in_each_language
def test_every_message_has_an_entry_and_no_entry_is_left_over(language):
    entries = {entry.message for entry in catalogues.entries(language)}
    assert entries == catalogues.messages(), f"In mcp_oauth_discovery/, run: {HOW}"
    assert not catalogues.obsolete(language)


@in_each_language
def test_every_entry_is_translated(language):
    entries = list(catalogues.entries(language))
    missing = [entry.message for entry in entries if not all(entry.translations)]
    assert not missing
    assert not [entry.message for entry in entries if "fuzzy" in entry.flags]


@in_each_language
def test_translations_have_the_placeholders_of_their_messages(language):
    for message, translations, _ in catalogues.entries(language):
        # A singular may say "one" in words.
        expected = placeholders(message.plural or message.text)
        assert placeholders(translations[-1]) == expected, message
        assert placeholders(translations[0]) == placeholders(message.text), message


@in_each_language
def test_compiled_catalogue_is_that_of_the_source(language):
    compiled = catalogues.compiled(language)
    for message, translations, _ in catalogues.entries(language):
        for number, translation in zip((1, 5), translations, strict=False):
            assert catalogues.looked_up(compiled, message, number) == translation, (
                "In mcp_oauth_discovery/, run: python -m django compilemessages"
            )


def test_every_language_of_the_package_is_tested():
    assert {path.name for path in (PACKAGE / "locale").iterdir()} == set(LANGUAGES)


@in_each_language
def test_texts_that_django_has_keep_their_translation(language):
    """Django merges the catalogues of all apps, so another translation would change their pages."""
    theirs = {
        entry.message: entry.translations
        for file in Path(django.__file__).parent.rglob(f"locale/{language}/LC_MESSAGES/django.po")
        for entry in catalogues.entries(language, file.parents[3])
        if all(entry.translations)
    }
    assert theirs
    ours = [entry for entry in catalogues.entries(language) if entry.message in theirs]
    assert [entry for entry in ours if entry.translations != theirs[entry.message]] == []


def test_messages_are_read_from_modules_and_templates():
    message = catalogues.Message
    source = (
        "from django.utils.translation import gettext as _, npgettext_lazy\n"
        "_('A key')\n"
        "npgettext_lazy('place', '%d key', '%d keys')\n"
        "_(name)\n"
        "other('A word')\n"
    )
    expected = {message("A key"), message("%d key", "%d keys", "place")}
    assert set(catalogues.in_python(source)) == expected
    template = (
        '{% load i18n %}A word {% translate "It\'s" context "place" %} and '
        "{% blocktranslate count number=n trimmed %}\n {{ number }} key\n"
        "{% plural %}{{ number }} keys{% endblocktranslate %}"
    )
    expected = {message("It's", "", "place"), message("%(number)s key", "%(number)s keys")}
    assert set(catalogues.in_template(template)) == expected
