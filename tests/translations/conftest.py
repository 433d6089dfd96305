from __future__ import annotations

import pytest
from django.utils.translation.trans_real import DjangoTranslation

from tests.translations.pseudo import bracketed


@pytest.fixture
def pseudo(monkeypatch):
    """Put each text that Django's gettext or ours returns in brackets."""
    monkeypatch.setattr(DjangoTranslation, "gettext", lambda self, text: bracketed(text))
    monkeypatch.setattr(
        DjangoTranslation,
        "ngettext",
        lambda self, one, many, number: bracketed(one if number == 1 else many),
    )
