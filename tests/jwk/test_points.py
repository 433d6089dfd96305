"""Public keys that are points for which anyone can sign, or no points at all."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcp_oauth_discovery.keys.weak_keys import is_strong_point
from tests.jwk.reading import octets, reason
from tests.keys import EC, ED, VECTORS, as_file

PRIME = 2**255 - 19
ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
# All y of the eight points; x and -x share one.
SMALL = {
    "neutral": 1,
    "order-2": PRIME - 1,
    "order-4": 0,
    **{
        f"order-8-{number}": int.from_bytes(bytes.fromhex(one), "little")
        for number, one in enumerate(ORDER_8)
    },
}
# The same and a few others once more, by a number that is too large.
TOO_LARGE = {f"p+{y}": PRIME + y for y in (0, 1, 18)}
# Of half of all numbers there is no point.
NO_POINT = {"2": 2, "7": 7}
WEAK = {**SMALL, **TOO_LARGE, **NO_POINT}
MESSAGE = "The point of this Ed25519 key is of small order or malformed: anyone can sign."
MALFORMED = "The JWK has missing or malformed members."


def encoded(y, sign):
    return (y + sign * 2**255).to_bytes(32, "little")


def as_jwk(point):
    member = base64.urlsafe_b64encode(point).rstrip(b"=").decode()
    return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": member}).encode()


def as_pem(point):
    key = Ed25519PublicKey.from_public_bytes(point)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("y", WEAK.values(), ids=WEAK)
@pytest.mark.parametrize("sign", [0, 1])
def test_point_for_which_anybody_can_sign_is_refused(y, sign):
    assert reason(as_jwk(encoded(y, sign))) == MESSAGE


def test_point_of_small_order_in_a_pem_is_refused():
    assert reason(as_pem(encoded(0, 0))) == MESSAGE


def test_signature_that_took_no_private_key_verifies_under_a_refused_point():
    # So the refusal is not for nothing: R is the key itself, S is 0.
    point = encoded(1, 0)
    Ed25519PublicKey.from_public_bytes(point).verify(point + bytes(32), b"any message")
    assert not is_strong_point(point)


def test_points_of_generated_keys_are_strong():
    keys = [Ed25519PrivateKey.generate().public_key() for _ in range(64)]
    assert all(is_strong_point(key.public_bytes_raw()) for key in keys)


def test_point_of_the_rfc_is_strong_and_so_is_its_negative():
    point = bytearray(octets(VECTORS[ED]["jwk"]["x"]))
    assert is_strong_point(point)
    point[31] ^= 0x80
    assert is_strong_point(point)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"x": "A" * 43, "y": "A" * 43}, id="zero"),
        pytest.param({"y": VECTORS[EC]["jwk"]["x"]}, id="off-the-curve"),
        pytest.param({"x": "_" * 42 + "8"}, id="too-large"),
    ],
)
def test_p256_point_that_is_none_is_refused(changes):
    assert reason(as_file(VECTORS[EC], private=False, **changes)) == MALFORMED


@pytest.mark.parametrize(
    "point", [b"\0", b"\4" + bytes(64), b"\2" + b"\xff" * 32], ids=["infinity", "zero", "x"]
)
def test_p256_point_that_is_none_is_refused_as_pem(point):
    bits = b"\3" + bytes([len(point) + 1]) + b"\0" + point
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    der = b"\x30" + bytes([len(algorithm) + len(bits)]) + algorithm + bits
    text = base64.b64encode(der)
    pem = b"-----BEGIN PUBLIC KEY-----\n" + text + b"\n-----END PUBLIC KEY-----\n"
    assert reason(pem) == "The PEM cannot be read as a private or a public key."
