"""Signing keys as JWKs (RFC 7517) and as PEM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import JWKRegistry

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, Key

PublicJWK = dict[str, str]


def generate(algorithm: str) -> Key:
    """Make a new private key for an algorithm, from the system's random source."""
    facts = ALGORITHMS[algorithm]
    while True:
        key = facts.wrap(facts.generate())
        # One kid in 64 begins with a dash, like an option of a command.
        if not key.thumbprint().startswith("-"):
            return key


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint (SHA-256) of a public or private JWK."""
    return JWKRegistry.import_key(dict(jwk)).thumbprint()


def public_jwk(key: Key, algorithm: str) -> PublicJWK:
    """Return the public key as it is published, with `kid`, `alg` and `use`."""
    members = key.as_dict(private=False)
    labels = {"kid": key.thumbprint(), "alg": algorithm, "use": "sig"}
    return published({**members, **labels}, algorithm)


def published(jwk: Mapping[str, Any], algorithm: str) -> PublicJWK:
    """Return the allow-listed members of a stored public JWK, in a fixed order.

    Databases change the order of JSON, and every process must serve the same bytes. Raises
    `ValueError` if a member is missing or is not a string.
    """
    names = ("kty", "kid", "alg", "use", *ALGORITHMS[algorithm].members)
    members = {name: jwk[name] for name in names if isinstance(jwk.get(name), str)}
    if len(members) < len(names):
        raise ValueError("a member of the JWK is missing or not a string")
    return members


def to_pem(key: Key) -> str:
    """Return a private key as unencrypted PKCS #8."""
    private: Any = key.private_key
    return str(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    )


def from_pem(pem: str, algorithm: str) -> Key:
    """Return the key that `to_pem` wrote; raises `ValueError` for anything else.

    The numbers of an RSA key are not checked, so use this for authenticated data only.
    """
    facts = ALGORITHMS.get(algorithm)
    try:
        native: Any = load_pem_private_key(
            # The check takes longer than many signatures.
            pem.encode("ascii"),
            password=None,
            unsafe_skip_rsa_key_validation=True,
        )
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not the PEM of a private key") from error
    if facts is None or not facts.accepts(native.public_key()):
        raise ValueError("not a key for this algorithm")
    return facts.wrap(native)


def public_pem(jwk: Mapping[str, Any]) -> str:
    """Return a published JWK as PEM (SubjectPublicKeyInfo)."""
    public: Any = JWKRegistry.import_key(dict(jwk))
    pem: bytes = public.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def with_public_members(key: Key, public: PublicJWK) -> Key:
    """Return a private key that has the members of its public JWK only.

    joserfc keeps members as text. It would compute the private ones for a key without members.
    """
    native: Any = key.private_key
    signer: Key = ALGORITHMS[public["alg"]].key_class(native, dict(public))
    return signer


def is_private(key: Key) -> bool:
    """Return whether a key is a private key."""
    return bool(key.is_private)
