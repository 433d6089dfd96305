"""Keys that are made here, and keys as PEM."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mcp_oauth_discovery.keys import files, jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from tests.jwk.reading import EVERY_ALGORITHM, EVERY_VECTOR, octets, read
from tests.keys import PRIVATE_MEMBERS, as_file

# Generated keys


@pytest.fixture(scope="module")
def generated():
    return {algorithm: jwk.generate(algorithm) for algorithm in ALGORITHMS}


@EVERY_ALGORITHM
def test_generated_key_is_accepted_for_its_algorithm(generated, algorithm):
    assert jwk.is_private(generated[algorithm])
    assert files.read(jwk.to_pem(generated[algorithm]).encode())[1] == algorithm


@EVERY_ALGORITHM
def test_public_half_of_a_generated_key_is_public(generated, algorithm):
    key = generated[algorithm]
    public = jwk.public_jwk(key, algorithm)
    private = {v for k, v in key.as_dict(private=True).items() if k in PRIVATE_MEMBERS}
    assert private
    assert PRIVATE_MEMBERS.isdisjoint(public)
    assert not any(value in json.dumps(public) for value in private)


def test_generated_rsa_key_has_2048_bits_and_the_usual_exponent(generated):
    public = jwk.public_jwk(generated["RS256"], "RS256")
    modulus = octets(public["n"])
    assert public["e"] == "AQAB"
    assert len(modulus) == 256
    assert modulus[0] >= 0x80


@pytest.mark.parametrize(("algorithm", "curve"), [("ES256", "P-256"), ("EdDSA", "Ed25519")])
def test_generated_key_is_on_its_curve(generated, algorithm, curve):
    assert jwk.public_jwk(generated[algorithm], algorithm)["crv"] == curve


@pytest.fixture(scope="module")
def inconsistent():
    """The PEM of an RSA key whose private exponent is that of no key."""
    numbers = jwk.generate("RS256").private_key.private_numbers()
    others = ("p", "q", "dmp1", "dmq1", "iqmp", "public_numbers")
    kept = {name: getattr(numbers, name) for name in others}
    wrong = rsa.RSAPrivateNumbers(d=numbers.d + 2, **kept)
    native = wrong.private_key(unsafe_skip_rsa_key_validation=True)
    return jwk.to_pem(ALGORITHMS["RS256"].wrap(native))


def test_numbers_of_a_file_are_checked(inconsistent):
    with pytest.raises(files.UnsuitableKey, match=r"^The PEM cannot be read"):
        files.read(inconsistent.encode())


def test_numbers_of_a_key_of_our_own_are_not_checked_again(inconsistent):
    # Fernet has seen to it that it is what was sealed, and checking takes most of the time to sign.
    assert jwk.is_private(jwk.from_pem(inconsistent, "RS256"))


def test_no_generated_kid_looks_like_an_option():
    # Without care, not one in a million runs would pass.
    kids = [jwk.generate("EdDSA").thumbprint() for _ in range(1000)]
    assert not any(kid.startswith("-") for kid in kids)


# PEM, as it is stored and shown


@EVERY_VECTOR
def test_private_key_survives_storage(vector):
    key = read(vector)
    restored = jwk.from_pem(jwk.to_pem(key), vector["algorithm"])
    assert restored.as_dict(private=True) == key.as_dict(private=True)


@EVERY_VECTOR
def test_public_pem_is_the_same_key_and_no_more(vector):
    pem = jwk.public_pem(json.loads(as_file(vector)))
    key, algorithm = files.read(pem.encode())
    assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert not jwk.is_private(key)
    assert (key.thumbprint(), algorithm) == (vector["thumbprint"], vector["algorithm"])
