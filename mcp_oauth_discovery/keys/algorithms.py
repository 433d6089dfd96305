"""The algorithms of this package (RFC 7518, RFC 8037): one row of facts for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mcp_oauth_discovery.standards.marking import gettext_noop as _

Key = RSAKey | ECKey | OKPKey

RSA_BITS = 2048
# Larger keys are too slow to sign with, and joserfc refuses signatures of 8192 bits.
RSA_MOST_BITS = 4096
RSA_EXPONENT = 65537


class EdDSA(jwa.EdDSAAlgorithm):
    # RFC 9864 deprecates this name, but most verifiers know no other.
    security_warning = ""


class ES256(jwa.ESAlgorithm):
    """ES256 with the nonces of RFC 6979 (RFC 8725 §3.2): every process signs the same token."""

    def sign(self, msg: bytes, key: ECKey) -> bytes:
        private: Any = key.get_op_key("sign")
        signature = private.sign(msg, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


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
    signature: jwa.JWSAlgModel
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
            jwa.RSAAlgorithm(256, recommended=True),
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
            ES256("ES256", "P-256", 256, recommended=True),
        ),
        Algorithm(
            "EdDSA",
            OKPKey,
            ("crv", "x"),
            ed25519.Ed25519PrivateKey.generate,
            lambda public: isinstance(public, ed25519.Ed25519PublicKey),
            EdDSA(),
            # From RFC 9864, which most verifiers do not know yet.
            "Ed25519",
        ),
    )
}

# For the import; in English, marked for translation.
NEEDS = _(
    "RS256 needs an RSA key of 2048 to 4096 bits with the exponent 65537; or ES256 needs an EC key "
    "on the curve P-256; or EdDSA needs an Ed25519 key."
)
