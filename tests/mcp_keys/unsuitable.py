"""What an import refuses in each of its two ways, and why."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import OKPKey

from tests.mcp_keys.files import ED, RSA, private_jwk, private_pem, public_jwk, public_pem

VECTORS = Path(__file__).parent.parent / "vectors"
RSA_1024 = rsa.generate_private_key(65537, 1024)  # noqa: S505
OTHER_D = OKPKey.generate_key("Ed25519").as_dict(private=True)["d"]
CANNOT_BE_USED = r"key \({}\) cannot be used: RS256 needs an RSA key of 2048 to 4096 bits"


def public_pem_of_modulus(modulus):
    key = rsa.RSAPublicNumbers(65537, modulus).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# What an import refuses in each of its two ways, and why.
UNSUITABLE = {
    "empty": (b"", "The file is empty"),
    "not-a-pem": (b"a key\n", "The file holds neither PEM .* nor a JWK"),
    "utf-16": (private_pem(ED).decode().encode("utf-16"), "The file holds neither PEM"),
    "cut-pem": (private_pem(RSA)[:200], "The PEM cannot be read"),
    "certificate": (
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "The PEM cannot be read",
    ),
    "encrypted-pem": (
        private_pem(ED, BestAvailableEncryption(b"secret")),
        "The PEM is encrypted. Decrypt it first: openssl pkey -in",
    ),
    "rsa-1024": (
        private_pem(RSA_1024),
        "RSA " + CANNOT_BE_USED.format("1024 bits, exponent 65537"),
    ),
    "rsa-1024-public": (
        public_pem(RSA_1024),
        "RSA " + CANNOT_BE_USED.format("1024 bits, exponent 65537"),
    ),
    "p-521": (
        private_pem(ec.generate_private_key(ec.SECP521R1())),
        "EC " + CANNOT_BE_USED.format("secp521r1") + ".*; or ES256 needs an EC key on the curve P",
    ),
    "symmetric-jwk": (b'{"kty": "oct", "k": "c2VjcmV0"}', "A symmetric key cannot be published"),
    "not-json": (b"{kty: OKP, d: secret-secret-secret}", "begins like a JWK, but it is not JSON"),
    "too-deep": (b'{"a":' * 100_000, "begins like a JWK, but it is not JSON"),
    "jwk-set": (b'{"keys": []}', "The file holds a JWK Set"),
    "rsa-pss": (
        (VECTORS / "rsa-pss-private.pem").read_bytes(),
        "The key is for RSASSA-PSS alone, and RS256 is PKCS #1 v1.5",
    ),
    "encrypted-der": (
        ED.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        "The DER is encrypted. Decrypt it first: openssl pkey -inform DER -in",
    ),
    "prime-modulus": (
        public_pem_of_modulus(2**2048 - 1557),
        "The modulus of this RSA key is a prime or a power of a prime: anyone can sign",
    ),
    "neighbouring-primes": (
        public_pem_of_modulus((2**1024 - 105) * (2**1024 - 179)),
        "The modulus of this RSA key is the product of two primes that are close together",
    ),
    "no-kty": (b"{}", "missing or malformed members"),
    "halves-of-two-keys": (private_jwk("EdDSA", d=OTHER_D), "missing or malformed members"),
    "public-with-a-prime": (public_jwk("RS256", p="AQAB"), r"The JWK has private members \(p\)"),
    "neutral-point": (public_jwk("EdDSA", x="AQ" + "A" * 41), "of small order or malformed"),
    "for-encryption": (private_jwk("RS256", use="enc"), "The JWK is for use 'enc'"),
    "for-another-algorithm": (private_jwk("RS256", alg="RS512"), "for 'RS512' cannot be used"),
}
