"""Marks for texts that gettext translates elsewhere.

The function of Django with this name reads the settings, so modules that call it cannot be imported
without a project.
"""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues, and return it in English."""
    return text
