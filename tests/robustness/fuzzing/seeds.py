"""The key, the identifiers and the files that several targets start from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mcp_oauth_discovery.keys import files
from tests import ORIGIN
from tests.keys import EC, ED, RSA, VECTORS, as_file
from tests.markdown import CHECKOUT

ISSUER = ORIGIN
AUDIENCE = f"{ORIGIN}/mcp"
SIGNER = VECTORS[ED]
KID = SIGNER["thumbprint"]
_P256 = {"kty": "EC", "crv": "P-256"}


def _files_of(name: str) -> Iterator[bytes]:
    """Yield a key in each form in which programs write it."""
    private: Any = files.read(as_file(VECTORS[name]))[0].private_key
    plain = NoEncryption()
    yield private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain)
    yield private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, plain)
    yield private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, plain)
    public = private.public_key()
    yield public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if name == RSA:
        yield private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, plain)


KEY_FILES = (
    *(octets for name in (RSA, EC, ED) for octets in _files_of(name)),
    *(path.read_bytes() for path in sorted((CHECKOUT / "tests" / "vectors").glob("*.pem"))),
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
)
UNUSABLE_JWKS = tuple(
    json.dumps(key).encode()
    for key in (
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc"},
        {**_P256, "x": "AAAA", "y": "AAAA", "key_ops": ["verify"]},
        {**_P256, "x": "AAAA", "y": "AAAA", "d": ""},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "alg": "EdDSA", "kid": 7},
        {"kty": "okp", "crv": "ed25519", "x": None, "x5c": ["AAAA"]},
    )
)
