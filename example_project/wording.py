"""What the consent page says of a client, which chose each word of it itself."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple
from urllib.parse import urlsplit

from mcp_oauth_discovery.standards.identifiers import is_loopback

LONGEST_NAME = 60
# Letters and symbols by their category, and nothing to be seen.
_INVISIBLE = set("\u115f\u1160\u2800\u3164\uffa0")


class Destination(NamedTuple):
    """Where an answer goes, as a person would say it, and as it is written."""

    words: str
    address: str


def destination(redirect_uri: str) -> Destination:
    """Say where an answer to this URI goes."""
    target = urlsplit(redirect_uri)
    if target.scheme not in ("http", "https"):
        return Destination("a program on this computer that opens", f"{target.scheme}://")
    if is_loopback(target.hostname or ""):
        return Destination("a program on this computer, at", target.netloc)
    return Destination("the website", target.netloc)


def client_name(name: str, redirect_uri: str) -> str:
    """Return a name that is one short line and writes over nothing beside it.

    A client without one is called by where its answer goes.
    """
    line = " ".join("".join(_kept(letter) for letter in name).split())
    if not line:
        target = urlsplit(redirect_uri)
        on_this_machine = target.scheme != "https"
        return "a program on this computer" if on_this_machine else target.netloc
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1].rstrip()}…"


def _kept(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace():
        return " "
    # Control and format characters, bidi overrides among them, and what has no meaning at all.
    return "" if category.startswith("C") or letter in _INVISIBLE else letter
