"""Marks texts about keys for translation.

Django's own mark reads the settings. The doctor checks the keys of any site, and needs none.
"""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues, and return it in English."""
    return text
