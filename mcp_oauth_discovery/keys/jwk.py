"""Signing keys as JWKs (RFC 7517, RFC 7518, RFC 8037), with one row of facts per algorithm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

PublicJWK = dict[str, str]
Key = RSAKey | ECKey | OKPKey

RSA_BITS = 2048
# Larger keys are too slow to sign with, and joserfc refuses signatures of 8192 bits.
RSA_MOST_BITS = 4096
RSA_EXPONENT = 65537


@dataclass(frozen=True)
class Algorithm:
    """What a JWS algorithm requires of its keys.

    `members` are the public members beside `kty`. JWKs may call the algorithm `other_name` too.
    """

    name: str
    key_class: type[RSAKey] | type[ECKey] | type[OKPKey]
    members: tuple[str, ...]
    generate: Callable[[], Any]
    accepts: Callable[[Any], bool]
    needs: str
    other_name: str | None = None

    def wrap(self, native: Any) -> Key:
        """Return a key of `cryptography` as a key of joserfc."""
        key: Key = self.key_class.import_key(native)
        return key


ALGORITHMS: Mapping[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm(
            "RS256",
            RSAKey,
            ("n", "e"),
            lambda: rsa.generate_private_key(RSA_EXPONENT, RSA_BITS),
            lambda public: (
                isinstance(public, rsa.RSAPublicKey)
                and RSA_BITS <= public.key_size <= RSA_MOST_BITS
                and public.public_numbers().e == RSA_EXPONENT
            ),
            f"an RSA key of {RSA_BITS} to {RSA_MOST_BITS} bits with the exponent {RSA_EXPONENT}",
        ),
        Algorithm(
            "ES256",
            ECKey,
            ("crv", "x", "y"),
            lambda: ec.generate_private_key(ec.SECP256R1()),
            lambda public: (
                isinstance(public, ec.EllipticCurvePublicKey)
                and isinstance(public.curve, ec.SECP256R1)
            ),
            "an EC key on the curve P-256",
        ),
        Algorithm(
            "EdDSA",
            OKPKey,
            ("crv", "x"),
            ed25519.Ed25519PrivateKey.generate,
            lambda public: isinstance(public, ed25519.Ed25519PublicKey),
            "an Ed25519 key",
            # From RFC 9864, which most verifiers do not know yet.
            "Ed25519",
        ),
    )
}


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


def is_private(key: Key) -> bool:
    """Say whether a key is a private key."""
    return bool(key.is_private)
