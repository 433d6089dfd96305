"""Encrypt private keys at rest with Fernet: one key encrypts, any number of keys decrypt."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"mcp_oauth_discovery: signing keys at rest"


class CannotDecrypt(ValueError):
    """None of the keys decrypts the stored text."""


def derive_key(secret: str) -> str:
    """Derive a Fernet key from a secret with HKDF (RFC 5869, SHA-256), for this use only."""
    derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived).decode("ascii")


def check_keys(keys: object) -> None:
    """Raise `ValueError` unless this is a list of Fernet keys; the message shows no key."""
    if not isinstance(keys, (list, tuple)) or not keys:
        raise ValueError("expected a list of one or more Fernet keys")
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
    """Decrypt a text that was encrypted with any of the keys; raises `CannotDecrypt`."""
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(token.encode()).decode()
    except InvalidToken:
        # Without the cause, because its frames hold the keys.
        raise CannotDecrypt from None
