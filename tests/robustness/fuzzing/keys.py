"""A file that an import accepts holds one strong key, which is published without its secrets."""

from __future__ import annotations

import json

from mcp_oauth_discovery.keys import files, jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, Key
from tests.keys import VECTORS
from tests.robustness.fuzzing.seeds import KEY_FILES, UNUSABLE_JWKS

PUBLISHED = {
    "RS256": {"kty", "kid", "alg", "use", "n", "e"},
    "ES256": {"kty", "kid", "alg", "use", "crv", "x", "y"},
    "EdDSA": {"kty", "kid", "alg", "use", "crv", "x"},
}
SEEDS = (
    *(json.dumps(vector["jwk"]).encode() for vector in VECTORS.values()),
    *(json.dumps({"keys": [vector["jwk"]]}).encode() for vector in VECTORS.values()),
    *UNUSABLE_JWKS,
    *KEY_FILES,
)


def run(octets: bytes) -> None:
    try:
        key, algorithm = files.read(octets)
    except files.UnsuitableKey as refusal:
        _check_sentence(str(refusal))
        return
    _check_names(octets)
    public = jwk.public_jwk(key, algorithm)
    assert public.keys() == PUBLISHED[algorithm]
    assert all(isinstance(value, str) for value in public.values())
    again, same = files.read(json.dumps(public))
    assert (again.thumbprint(), same) == (key.thumbprint(), algorithm)
    assert not jwk.is_private(again)
    if jwk.is_private(key):
        _check_pair(key, algorithm)


def _check_sentence(text: str) -> None:
    assert text
    assert "\n" not in text


def _check_names(octets: bytes) -> None:
    declared = files.declared_kid(octets)
    try:
        kept = files.kid_to_keep(octets)
    except files.UnsuitableKey:
        return
    assert kept == declared
    assert kept.isascii()
    assert kept.isprintable()


def _check_pair(key: Key, algorithm: str) -> None:
    """Hold that the private key is stored as it is, and signs for its public key."""
    stored = jwk.from_pem(jwk.to_pem(key), algorithm)
    assert stored.thumbprint() == key.thumbprint()
    signature = ALGORITHMS[algorithm].signature
    message = b"a message"
    assert signature.verify(message, signature.sign(message, stored), key)
