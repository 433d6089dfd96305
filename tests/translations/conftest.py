from __future__ import annotations

import pytest
from django.utils.translation.trans_real import DjangoTranslation

from tests.translations.pseudo import bracketed, bracketed_parts, french_parts


@pytest.fixture
def pseudo(monkeypatch):
    """Put each text that Django's gettext or ours returns in brackets."""
    put_in(monkeypatch, bracketed)


@pytest.fixture
def pseudo_parts(monkeypatch):
    """Put each text in brackets, but for the values of its placeholders."""
    put_in(monkeypatch, bracketed_parts)


@pytest.fixture
def pseudo_french(monkeypatch):
    """Do the same, with a no-break space in each text."""
    put_in(monkeypatch, french_parts)


def put_in(monkeypatch, brackets):
    monkeypatch.setattr(DjangoTranslation, "gettext", lambda self, text: brackets(text))
    monkeypatch.setattr(
        DjangoTranslation,
        "ngettext",
        lambda self, one, many, number: brackets(one if number == 1 else many),
    )
