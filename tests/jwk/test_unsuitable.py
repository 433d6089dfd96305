"""Files that hold no key which can be used: each is refused in one line."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from mcp_oauth_discovery.keys import files
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, NEEDS
from tests.jwk.reading import native, pem
from tests.keys import EC, ED, RSA, VECTORS, as_file

NEITHER = "The file holds neither PEM (-----BEGIN …) nor DER nor a JWK ({…})."
NO_JSON = "The file begins like a JWK, but it is not JSON."
MALFORMED = "The JWK has missing or malformed members."
ENCRYPTED = "The PEM is encrypted. Decrypt it first: openssl pkey -in FILE -out PLAIN."
ENCRYPTED_SSH = "The key is encrypted. Remove its passphrase first: ssh-keygen -p -f COPY."
SEVERAL = "The file holds several keys. Put the key to import in a file of its own."
UNREADABLE = "The PEM cannot be read as a private or a public key."
SYMMETRIC = "A symmetric key cannot be published; expected RSA, EC or OKP."
NEEDED = (
    " cannot be used: RS256 needs an RSA key of 2048 to 4096 bits with the exponent 65537; "
    "or ES256 needs an EC key on the curve P-256; or EdDSA needs an Ed25519 key."
)
SMALL_FACTOR = "The modulus of this RSA key has a small factor: anyone can sign."
PASSWORD = BestAvailableEncryption(b"password")
# By ssh-keygen, with a passphrase; for nothing but this.
ENCRYPTED_SSH_KEY = b"""\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAZLqxPYu
MbHm3D1YstI50GAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKM9lChJ4Llo9AAp
2mURQTyJhvmxNdoNvn6U4Rb2R+cAAAAAkBnpEY1/th7xdHGOoepYDD1voa2gpblCoCPMph
3Daq3wbZyfOVRjS6rkO5QWYB+XYcCL6Gqw2KQPUTzwUW6jfbkO2pUHW4qcfoVCZOr3S6dM
gyX1ckSuBhTqwvyYggpiaGEiB05sadCwEtN9I06aV5lTBcdojd3hb43rn81xj4+ka/uSlB
K/tkFctgqQtVjhoQ==
-----END OPENSSH PRIVATE KEY-----
"""
OFF_CURVE = VECTORS[EC]["jwk"]["x"]


def row(name, make, message):
    return pytest.param(make if callable(make) else lambda: make, message, id=name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        row("empty", b"", "The file is empty; expected a key as PEM, DER or JWK."),
        row("blank", b" \r\n\t", "The file is empty; expected a key as PEM, DER or JWK."),
        row("text", b"hello", NEITHER),
        row("binary", b"\x30\x82\x00\xff", NEITHER),
        row("json-array", b'[{"kty": "OKP"}]', NEITHER),
        row("json-string", b'"kty"', NEITHER),
        row("json-null", b"null", NEITHER),
        row("broken-json", b'{"kty": "OKP"', NO_JSON),
        row("not-utf8", b'{"kty": "\xff"}', NO_JSON),
        row("nested-json", b'{"a":' * 100_000, NO_JSON),
        row("no-members", b"{}", MALFORMED),
        row("null-type", b'{"kty": null}', MALFORMED),
        row("list-type", b'{"kty": ["OKP"]}', MALFORMED),
        row("unknown-type", b'{"kty": "AKP"}', MALFORMED),
        row("symmetric", b'{"kty": "oct", "k": "AAAA"}', SYMMETRIC),
        row(
            "for-encryption",
            lambda: as_file(VECTORS[RSA], use="enc"),
            "The JWK is for use 'enc'; expected 'sig'.",
        ),
        row(
            "no-use",
            lambda: as_file(VECTORS[RSA], use=None),
            "The JWK is for use None; expected 'sig'.",
        ),
        row(
            "ps256",
            lambda: as_file(VECTORS[RSA], alg="PS256"),
            f"This RSA key (2048 bits, exponent 65537) for 'PS256'{NEEDED}",
        ),
        row(
            "es256-on-rsa",
            lambda: as_file(VECTORS[RSA], alg="ES256"),
            f"This RSA key (2048 bits, exponent 65537) for 'ES256'{NEEDED}",
        ),
        row(
            "es384",
            lambda: as_file(VECTORS[EC], alg="ES384"),
            f"This EC key (secp256r1) for 'ES384'{NEEDED}",
        ),
        row(
            "ed448-by-name",
            lambda: as_file(VECTORS[ED], alg="Ed448"),
            f"This Ed25519 key for 'Ed448'{NEEDED}",
        ),
        row(
            "ed25519-on-ec",
            lambda: as_file(VECTORS[EC], alg="Ed25519"),
            f"This EC key (secp256r1) for 'Ed25519'{NEEDED}",
        ),
        row("no-alg", lambda: as_file(VECTORS[EC], alg=""), f"This EC key (secp256r1){NEEDED}"),
        row(
            "private-key-to-verify",
            lambda: as_file(VECTORS[ED], key_ops=["verify"]),
            "The JWK is for key_ops ['verify']; expected 'sign' in it.",
        ),
        row(
            "private-key-for-encryption-by-key-ops",
            lambda: as_file(VECTORS[RSA], key_ops=["decrypt", "unwrapKey"]),
            "The JWK is for key_ops ['decrypt', 'unwrapKey']; expected 'sign' in it.",
        ),
        row(
            "public-key-for-encryption-by-key-ops",
            lambda: as_file(VECTORS[RSA], private=False, key_ops=["encrypt"]),
            "The JWK is for key_ops ['encrypt']; expected 'verify' or 'sign' in it.",
        ),
        row(
            "no-key-ops",
            lambda: as_file(VECTORS[ED], key_ops=[]),
            "The JWK is for key_ops []; expected 'sign' in it.",
        ),
        row(
            "key-ops-of-a-wrong-type",
            lambda: as_file(VECTORS[ED], key_ops="sign"),
            "The JWK is for key_ops 'sign'; expected 'sign' in it.",
        ),
        row("even-modulus", lambda: as_composite(2), SMALL_FACTOR),
        row("modulus-with-a-small-factor", lambda: as_composite(997), SMALL_FACTOR),
        row("even-modulus-pem", lambda: as_composite_pem(2), SMALL_FACTOR),
        row("no-x", b'{"kty": "OKP", "crv": "Ed25519"}', MALFORMED),
        row("no-y", lambda: as_file(VECTORS[EC], y=None), MALFORMED),
        row("no-n", lambda: as_file(VECTORS[RSA], n=""), MALFORMED),
        row("number", lambda: as_file(VECTORS[ED], x=7), MALFORMED),
        row("short", lambda: as_file(VECTORS[ED], d="AAAA"), MALFORMED),
        row("unknown-curve", lambda: as_file(VECTORS[EC], crv="P-256K"), MALFORMED),
        row("off-the-curve", lambda: as_file(VECTORS[EC], private=False, y=OFF_CURVE), MALFORMED),
        row("private-off-the-curve", lambda: as_file(VECTORS[EC], y=OFF_CURVE), MALFORMED),
        row(
            "halves-of-two-ed25519-keys",
            lambda: as_file(VECTORS[ED], x=VECTORS[EC]["jwk"]["x"]),
            MALFORMED,
        ),
        row(
            "halves-of-two-keys", lambda: as_file(VECTORS[EC], d=VECTORS[ED]["jwk"]["d"]), MALFORMED
        ),
        row("x25519-jwk", lambda: as_file(VECTORS[ED], crv="X25519"), f"This X25519 key{NEEDED}"),
        row("encrypted-pkcs8", lambda: pem(native(ED), encryption=PASSWORD), ENCRYPTED),
        row(
            "encrypted-pkcs1",
            lambda: pem(native(RSA), PrivateFormat.TraditionalOpenSSL, PASSWORD),
            ENCRYPTED,
        ),
        row(
            "garbled-private-pem",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            UNREADABLE,
        ),
        row("encrypted-openssh", ENCRYPTED_SSH_KEY, ENCRYPTED_SSH),
        row("cut-pem", lambda: pem(native(ED))[:60], UNREADABLE),
        row("cut-pem-and-another", lambda: pem(native(ED))[:60] + public_pem(ED), UNREADABLE),
        row("two-private-pems", lambda: pem(native(ED)) + pem(native(EC)), SEVERAL),
        row("two-public-pems", lambda: public_pem(ED) + public_pem(EC), SEVERAL),
        row(
            "certificate",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            UNREADABLE,
        ),
        row(
            "rsa-1024",
            lambda: pem(weak_key()),
            f"This RSA key (1024 bits, exponent 65537){NEEDED}",
        ),
        row(
            "rsa-1024-jwk",
            lambda: as_weak_jwk(),
            f"This RSA key (1024 bits, exponent 65537){NEEDED}",
        ),
        row(
            "rsa-exponent-3",
            lambda: pem(rsa.generate_private_key(3, 2048)),
            f"This RSA key (2048 bits, exponent 3){NEEDED}",
        ),
        row(
            "p-521",
            lambda: pem(ec.generate_private_key(ec.SECP521R1())),
            f"This EC key (secp521r1){NEEDED}",
        ),
        row(
            "p-384",
            lambda: pem(ec.generate_private_key(ec.SECP384R1())),
            f"This EC key (secp384r1){NEEDED}",
        ),
        row(
            "secp256k1",
            lambda: pem(ec.generate_private_key(ec.SECP256K1())),
            f"This EC key (secp256k1){NEEDED}",
        ),
        row("x25519", lambda: pem(x25519.X25519PrivateKey.generate()), f"This X25519 key{NEEDED}"),
        row("ed448", lambda: pem(ed448.Ed448PrivateKey.generate()), f"This Ed448 key{NEEDED}"),
    ],
)
def test_unsuitable_file_is_refused_in_one_line(make, message):
    with pytest.raises(files.UnsuitableKey) as caught:
        files.read(make())
    assert str(caught.value) == message
    assert "\n" not in message


def public_pem(name):
    public = native(name).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def composite(factor):
    """Return the numbers of a public RSA key of 2048 bits that has a factor."""
    n = 2**2047 + 1
    return rsa.RSAPublicNumbers(65537, n + factor - n % factor)


def as_composite(factor):
    octets = composite(factor).n.to_bytes(256, "big")
    modulus = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    return json.dumps({"kty": "RSA", "n": modulus, "e": "AQAB"}).encode()


def as_composite_pem(factor):
    key = composite(factor).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def weak_key():
    return rsa.generate_private_key(65537, 1024)  # noqa: S505


def as_weak_jwk():
    numbers = weak_key().public_key().public_numbers()
    modulus = base64.urlsafe_b64encode(numbers.n.to_bytes(128, "big")).rstrip(b"=").decode()
    return json.dumps({"kty": "RSA", "n": modulus, "e": "AQAB"}).encode()


def test_rsa_key_of_8192_bits_is_refused():
    # No product of two primes, which takes long to find and is not looked into.
    modulus = base64.urlsafe_b64encode(b"\xff" * 1024).rstrip(b"=").decode()
    file = json.dumps({"kty": "RSA", "e": "AQAB", "n": modulus}).encode()
    with pytest.raises(files.UnsuitableKey, match="8192 bits"):
        files.read(file)


def test_sentence_about_what_is_needed_names_every_algorithm():
    assert [name for name in ALGORITHMS if f"{name} needs" not in NEEDS] == []


def test_refusal_is_translated_sentence_by_sentence():
    error = files.UnsuitableKey("This %(kind)s key is short.", "Import another.", kind="RSA")
    assert str(error) == "This RSA key is short. Import another."
    assert error.translated("[{}]".format) == "[This RSA key is short.] [Import another.]"
