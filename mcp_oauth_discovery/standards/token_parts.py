"""The parts of a token as far as they can be read, to show them; nothing is verified."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

_SIGNED, _ENCRYPTED = 3, 5
# Shorter words may occur in any text, so they are not hidden.
_SHORTEST_SECRET = 8
# How many characters identify a secret. What follows them is hidden too.
_BEGINNING = 12
# The characters of tokens (RFC 6750 §2.1) that URLs or JSON escape, and what may follow.
_ESCAPABLE = MappingProxyType({"+": r"(?:\+|%2[Bb])", "/": r"(?:\\?/|%2[Ff])", "=": "(?:=|%3[Dd])"})
_REST = rf"(?:[\w\-.~]|{_ESCAPABLE['+']}|{_ESCAPABLE['/']})*{_ESCAPABLE['=']}*"


@dataclass(frozen=True)
class Parts:
    """The header and the claims of a token, or None where it has none that can be read."""

    token: str = field(repr=False)
    segments: tuple[str, ...] = field(repr=False)
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None

    @property
    def is_encrypted(self) -> bool:
        return len(self.segments) == _ENCRYPTED and self.header is not None

    @property
    def is_opaque(self) -> bool:
        return self.header is None

    @property
    def audiences(self) -> list[object]:
        """The values of `aud`, which may be a list."""
        audience = (self.claims or {}).get("aud", [])
        return audience if isinstance(audience, list) else [audience]

    def without_secrets(self, text: str) -> str:
        """Return a text without the token and its signature, which other code may have put in.

        The text may have only the beginning of the signature, or of a token that is not a JWT. Some
        characters may be escaped, as in a URL or in JSON.
        """
        return self._secret.sub("***", text) if self._secret else text

    @cached_property
    def _secret(self) -> re.Pattern[str] | None:
        """The pattern of what must not be shown; None if nothing is long enough."""
        last = self.segments[-1]
        # The beginning of a JWT is in all of them. That of another token identifies it.
        beginnings = [last] if self.header is not None and last else [self.token, last]
        patterns = [_escapable(self.token)] if len(self.token) >= _SHORTEST_SECRET else []
        patterns += [
            f"{_escapable(text[:_BEGINNING])}{_REST}"
            for text in beginnings
            if len(text) >= _SHORTEST_SECRET
        ]
        return re.compile("|".join(patterns)) if patterns else None


def _escapable(text: str) -> str:
    """Return the pattern of a text, of which some characters may be escaped."""
    return "".join(_ESCAPABLE.get(character) or re.escape(character) for character in text)


def read_parts(token: str) -> Parts:
    """Return the parts of any text that may be a token."""
    segments = tuple(token.split("."))
    is_jose = len(segments) in (_SIGNED, _ENCRYPTED)
    header = _object(segments[0]) if is_jose else None
    is_signed = len(segments) == _SIGNED and header is not None
    return Parts(token, segments, header, _object(segments[1]) if is_signed else None)


def _object(segment: str) -> dict[str, Any] | None:
    """Return the JSON object in a segment, or None."""
    try:
        padded = segment + "=" * (-len(segment) % 4)
        value = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
