"""Texts in the language of the reader: the only place where what the doctor knows needs Django.

Modules mark the texts of their constants with `gettext_noop`, as `_`, and translate them where they
make a finding. A program without a Django project gets all texts in English.
"""

from __future__ import annotations

from django.apps import apps
from django.utils import translation

from mcp_oauth_discovery.standards.marking import Problem, gettext_noop

__all__ = ["gettext", "gettext_noop", "ngettext", "said"]


def gettext(text: str) -> str:
    """Return a text in the language that is active in this thread."""
    return translation.gettext(text) if apps.ready else text


def ngettext(one: str, several: str, number: int) -> str:
    """Return the form of a text for a number, in the language that is active in this thread."""
    if apps.ready:
        return translation.ngettext(one, several, number)
    return one if number == 1 else several


def said(error: ValueError) -> str:
    """Return the text of an error in the same language; that of Python stays in English."""
    return error.translated(gettext) if isinstance(error, Problem) else str(error)
