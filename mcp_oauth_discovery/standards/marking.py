"""Texts that gettext translates elsewhere: marks for them, and errors that have them.

The functions of Django read the settings, so a module that calls them when it is imported needs a
project.
"""

from __future__ import annotations

from collections.abc import Callable


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues, and return it in English."""
    return text


class Problem(ValueError):
    """An error whose text can be translated; `str` returns it in English.

    The sentences are marked. The values fill their placeholders, and one may be a `Problem` too.
    """

    def __init__(self, *sentences: str, **values: object) -> None:
        super().__init__(" ".join(sentence % values for sentence in sentences))
        self._sentences = sentences
        self._values = values

    def translated(self, gettext: Callable[[str], str]) -> str:
        """Return the text in the language of a function such as that of Django."""
        values = {
            name: value.translated(gettext) if isinstance(value, Problem) else value
            for name, value in self._values.items()
        }
        return " ".join(gettext(sentence) % values for sentence in self._sentences)
