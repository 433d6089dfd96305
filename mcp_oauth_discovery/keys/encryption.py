"""Private halves at rest: Fernet, with one key to write and any number to read."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"mcp_oauth_discovery: signing keys at rest"


class CannotDecrypt(ValueError):
    """None of the keys at hand opens what is stored."""


def derive_key(secret: str) -> str:
    """Return the Fernet key that HKDF (RFC 5869, SHA-256) makes of a secret, for this use alone."""
    derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived).decode("ascii")


def check_keys(keys: Iterable[object]) -> None:
    """Raise `ValueError` if one of the keys is no Fernet key; no key is in the message."""
    for position, key in enumerate(keys, start=1):
        if not isinstance(key, str):
            raise ValueError(f"number {position} is not a string")
        try:
            Fernet(key)
        except ValueError as error:
            raise ValueError(f"number {position} is not a Fernet key") from error


def encrypt(text: str, keys: Sequence[str]) -> str:
    """Encrypt text with the first of the keys."""
    return Fernet(keys[0]).encrypt(text.encode()).decode("ascii")


def decrypt(token: str, keys: Sequence[str]) -> str:
    """Return what was encrypted with any of the keys; raises `CannotDecrypt`."""
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(token.encode()).decode()
    except InvalidToken:
        # Without the cause: it says nothing more, and its frames hold the keys.
        raise CannotDecrypt from None
