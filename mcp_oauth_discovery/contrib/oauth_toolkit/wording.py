"""How the consent page shows a client, which chose its own name and redirect URI."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from mcp_oauth_discovery.standards.identifiers import is_loopback

LONGEST_NAME = 60
# Accents on one letter. A pile of them would cover the lines above and below.
_MOST_MARKS = 4
# Letters and symbols by their category, but invisible.
_INVISIBLE = set("\u115f\u1160\u2800\u3164\uffa0")


class Destination(NamedTuple):
    """Where an answer goes: in words, and as an address."""

    words: str
    address: str


def destination(redirect_uri: str) -> Destination:
    """Say where an answer to this URI goes."""
    target = urlsplit(redirect_uri)
    if target.scheme not in ("http", "https"):
        return Destination(_("a program on this computer that opens"), f"{target.scheme}://")
    if is_loopback(target.hostname or ""):
        return Destination(_("a program on this computer, at"), target.netloc)
    return Destination(_("the website"), target.netloc)


def client_name(name: str, redirect_uri: str) -> str:
    """Return the name as one short line that cannot change the text around it.

    For a client without a name, describe where its answer goes.
    """
    line = " ".join(_without_piles("".join(_kept(letter) for letter in name)).split())
    if not line:
        target = urlsplit(redirect_uri)
        on_this_machine = target.scheme != "https"
        return _("a program on this computer") if on_this_machine else target.netloc
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1].rstrip()}…"


def _kept(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace():
        return " "
    # Control and format characters, such as bidi overrides, and unassigned ones.
    return "" if category.startswith("C") or letter in _INVISIBLE else letter


def _without_piles(text: str) -> str:
    kept, marks = "", _MOST_MARKS
    for letter in text:
        marks = marks + 1 if unicodedata.category(letter).startswith("M") else 0
        kept += letter if marks <= _MOST_MARKS else ""
    return kept
