"""Moduli of RSA keys that anyone can factor."""

from __future__ import annotations

import base64
import json
import math

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcp_oauth_discovery.keys.weak_keys import flaw_of_modulus
from tests.jwk.reading import native, octets, pem, reason
from tests.keys import RSA, VECTORS

# The largest primes below a power of two, and below seven quarters of one.
P, Q, FARTHER = 2**1024 - 105, 2**1024 - 179, 2**1024 - 1397
LONG_PRIME, TWICE, CUBE_ROOT = 2**2048 - 1557, 2**1025 - 2673, 2**683 - 45
SEVEN_QUARTERS = 7 * 2**1022 - 317
# CVE-2017-15361: k * M + 65537**a, where M is the product of the first 126 primes.
M = math.prod(n for n in range(2, 702) if all(n % factor for factor in range(2, n)))
ROCA = [(2**53 - 1) * M + pow(65537, exponent, M) for exponent in (186, 242)]

SMALL_FACTOR = "has a small factor"
PRIME = "is a prime or a power of a prime"
CLOSE = "is the product of two primes that are close together or in a simple ratio"
WEAK = {
    "even": (2 * P * Q, SMALL_FACTOR),
    "three": (3 * P * Q, SMALL_FACTOR),
    "997": (997 * LONG_PRIME, SMALL_FACTOR),
    "65537": (65537 * LONG_PRIME, SMALL_FACTOR),
    "131071": (131071 * LONG_PRIME, SMALL_FACTOR),
    "prime": (LONG_PRIME, PRIME),
    "square": (P**2, PRIME),
    "cube": (CUBE_ROOT**3, PRIME),
    "neighbours": (P * Q, CLOSE),
    "near-neighbours": (P * FARTHER, CLOSE),
    "one-to-two": (P * TWICE, CLOSE),
    "seven-to-four": (P * SEVEN_QUARTERS, CLOSE),
    "roca": (math.prod(ROCA), "has the form of CVE-2017-15361 (ROCA)"),
}


EVERY_WEAKNESS = pytest.mark.parametrize(("modulus", "flaw"), WEAK.values(), ids=WEAK)


def as_jwk(modulus):
    text = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    member = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    return json.dumps({"kty": "RSA", "n": member, "e": "AQAB"}).encode()


def as_public(encoding, form=PublicFormat.SubjectPublicKeyInfo):
    def write(modulus):
        return rsa.RSAPublicNumbers(65537, modulus).public_key().public_bytes(encoding, form)

    return write


@EVERY_WEAKNESS
def test_weak_modulus_is_refused(modulus, flaw):
    assert reason(as_jwk(modulus)) == f"The modulus of this RSA key {flaw}: anyone can sign."


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(as_public(Encoding.PEM), id="pem"),
        pytest.param(as_public(Encoding.PEM, PublicFormat.PKCS1), id="pkcs1"),
        pytest.param(as_public(Encoding.DER), id="der"),
    ],
)
def test_weak_modulus_is_refused_in_each_form(write):
    assert PRIME in reason(write(LONG_PRIME))


def private_key(p, q):
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPublicNumbers(65537, p * q)
    others = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *others, numbers).private_key()


def test_private_key_with_neighbouring_primes_is_refused():
    assert CLOSE in reason(pem(private_key(P, Q)))


def test_weak_moduli_have_sizes_that_are_accepted_otherwise():
    assert all(2047 <= modulus.bit_length() <= 4096 for modulus, _ in WEAK.values())


@pytest.mark.parametrize("bits", [2048, 3072])
def test_generated_modulus_is_not_weak(bits):
    key = rsa.generate_private_key(65537, bits)
    assert flaw_of_modulus(key.public_key().public_numbers().n) is None


def test_modulus_of_the_rfc_is_not_weak():
    assert flaw_of_modulus(int.from_bytes(octets(VECTORS[RSA]["jwk"]["n"]), "big")) is None


def test_modulus_of_primes_that_differ_in_size_is_not_weak():
    numbers = native(RSA).private_numbers()
    assert flaw_of_modulus(numbers.p * LONG_PRIME) is None


@pytest.mark.parametrize("write", [as_jwk, as_public(Encoding.PEM), as_public(Encoding.DER)])
def test_modulus_that_is_too_long_is_not_calculated_with(write):
    # Fermat's test of this one would take half a minute.
    assert "16384 bits" in reason(write(2**16384 - 1))
