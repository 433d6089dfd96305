"""Read one token from a file or from standard input. No message repeats what was read."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from mcp_oauth_discovery.standards.authorization import Malformed, Repeated, read_bearer

STDIN = "-"
# In octets. No server reads a header of this length.
LONGEST = 256 * 1024

_SCHEME = re.compile(r"(authorization:\s*)?(?:bearer|dpop)\s+", re.I)
_HOW = gettext_noop("Write the token to a file and name the file, or pass it on standard input.")


def read_token(source: str) -> str:
    """Return the token in a file, or on standard input for `-`; raises `CommandError`.

    The scheme `Bearer` or `DPoP`, the name of its header, and white space around the token are left
    out.
    """
    try:
        data = _read(source)
    except (OSError, ValueError) as error:
        # Not the argument: it may be the token itself.
        reason = getattr(error, "strerror", None) or _("this is not the name of a file")
        text = _("The file cannot be read: %(reason)s.") % {"reason": reason}
        raise CommandError(f"{text} {_(_HOW)}") from None
    if len(data) > LONGEST:
        limit = LONGEST // 1024
        text = _("%(place)s has more than %(limit)d KiB, so it is not a token.")
        raise CommandError(text % {"place": _place(source), "limit": limit})
    return _only_token(_text(data, source), source)


def _read(source: str) -> bytes:
    if source != STDIN:
        with Path(source).open("rb") as file:
            return file.read(LONGEST + 1)
    if sys.stdin is None:
        problem = _("There is no standard input.")
        raise CommandError(f"{problem} {_(_HOW)}")
    if sys.stdin.isatty():
        sys.stderr.write(_("Paste the token, then press Enter and Ctrl-D.") + "\n")
    stream: BinaryIO = sys.stdin.buffer
    return stream.read(LONGEST + 1)


def _text(data: bytes, source: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        problem = _(
            "%(place)s is not text in UTF-8. Some shells of Windows write UTF-16; save the file as "
            "plain text."
        )
        raise CommandError(problem % {"place": _place(source)})
    return text.strip()


def _only_token(text: str, source: str) -> str:
    token = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    if not token or token.lower() in ("bearer", "dpop"):
        problem = _("%(place)s is empty.") % {"place": _place(source)}
        raise CommandError(f"{problem} {_(_HOW)}")
    if token.startswith(("{", "[")):
        problem = _(
            "%(place)s is JSON, such as the answer of a token endpoint. Pass only the value of "
            "access_token, without quotes."
        )
        raise CommandError(problem % {"place": _place(source)})
    if len(token.split()) > 1:
        problem = _("%(place)s has more than one word. Pass one token, on one line.")
        raise CommandError(problem % {"place": _place(source)})
    try:
        read_bearer(f"Bearer {token}")
    except (Malformed, Repeated):
        problem = _(
            "%(place)s has characters that no token has. Requests with it are refused as "
            "malformed. Pass the token without quotes."
        )
        raise CommandError(problem % {"place": _place(source)}) from None
    return token


def _place(source: str) -> str:
    # Translators: these two begin sentences. Choose words that fit both, such as "contains".
    return _("The input") if source == STDIN else _("The file")
