"""Signing keys as JWKs (RFC 7517, RFC 7518, RFC 8037), one row of facts per algorithm."""

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
# Larger ones sign so slowly that they are a mistake, and joserfc reads no signature of 8192 bits.
RSA_MOST_BITS = 4096
RSA_EXPONENT = 65537


@dataclass(frozen=True)
class Algorithm:
    """What a JWS algorithm asks of its keys; `members` are public, beside `kty`.

    `other_name` is what a JWK may call it as well.
    """

    name: str
    key_class: type[RSAKey] | type[ECKey] | type[OKPKey]
    members: tuple[str, ...]
    generate: Callable[[], Any]
    accepts: Callable[[Any], bool]
    needs: str
    other_name: str | None = None

    def wrap(self, native: Any) -> Key:
        """Return a key of `cryptography` as one of joserfc."""
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
            # RFC 9864, which most verifiers do not know yet.
            "Ed25519",
        ),
    )
}


def generate(algorithm: str) -> Key:
    """Make a new private key for an algorithm, from the system's random source."""
    facts = ALGORITHMS[algorithm]
    while True:
        key = facts.wrap(facts.generate())
        # One kid in 64 begins with a dash, which a command line takes for an option.
        if not key.thumbprint().startswith("-"):
            return key


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint (SHA-256) of a JWK, the same for both of its halves."""
    return JWKRegistry.import_key(dict(jwk)).thumbprint()


def public_jwk(key: Key, algorithm: str) -> PublicJWK:
    """Return the public half of a key as it is published, with `kid`, `alg` and `use`."""
    members = key.as_dict(private=False)
    labels = {"kid": key.thumbprint(), "alg": algorithm, "use": "sig"}
    return published({**members, **labels}, algorithm)


def published(jwk: Mapping[str, Any], algorithm: str) -> PublicJWK:
    """Return a stored public JWK in the order of its allow-list, with nothing else in it.

    Databases keep JSON in an order of their own; every process has to serve the same bytes.
    Raises `ValueError` where a member is missing or no string.
    """
    names = ("kty", "kid", "alg", "use", *ALGORITHMS[algorithm].members)
    members = {name: jwk[name] for name in names if isinstance(jwk.get(name), str)}
    if len(members) < len(names):
        raise ValueError("a member of the JWK is missing or no string")
    return members


def to_pem(key: Key) -> str:
    """Return the private half of a key as unencrypted PKCS #8."""
    private: Any = key.private_key
    return str(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    )


def from_pem(pem: str, algorithm: str) -> Key:
    """Return the key that `to_pem` has written; raises `ValueError` for anything else.

    Only for what was encrypted and authenticated since: the numbers of RSA are not checked again.
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
        raise ValueError("no PEM of a private key") from error
    if facts is None or not facts.accepts(native.public_key()):
        raise ValueError("a key for something else")
    return facts.wrap(native)


def public_pem(jwk: Mapping[str, Any]) -> str:
    """Return the public half of a JWK that is fit to be published as PEM (SubjectPublicKeyInfo)."""
    public: Any = JWKRegistry.import_key(dict(jwk))
    pem: bytes = public.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def is_private(key: Key) -> bool:
    """Say whether a key holds its private half."""
    return bool(key.is_private)
