"""Files and numbers that are too large to be read or calculated with."""

from __future__ import annotations

import base64
import json

import pytest

from mcp_oauth_discovery.keys import files
from tests.jwk.reading import assert_read, native, reason
from tests.keys import ED, RSA, VECTORS, as_file

TOO_LARGE = "The file has more than 1048576 octets. Put the key to import in a file of its own."


@pytest.mark.parametrize("wrap", [bytes, bytes.decode])
def test_file_that_is_too_large_is_refused(wrap):
    largest = as_file(VECTORS[ED]).ljust(files.LARGEST_FILE)
    assert files.read(wrap(largest))[1] == "EdDSA"
    assert reason(wrap(largest + b" ")) == TOO_LARGE


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"-----BEGIN PRIVATE KEY-----\n", "The file holds several keys."),
        (b"-----BEGIN X-----\n", "The PEM cannot be read"),
        (b"-----BEGIN X-----\n-----END Y-----\n", "The PEM cannot be read"),
        (b"-----BEGIN X", "The PEM cannot be read"),
        (b"-----END PRIVATE KEY-----\n-----BEGIN X-----\n", "The PEM cannot be read"),
    ],
)
def test_many_lines_of_pem_are_read_once(line, problem):
    # Where each line is compared with all that follow, this takes minutes.
    lines = line * (files.LARGEST_FILE // len(line))
    assert reason(lines).startswith(problem)


@pytest.mark.parametrize("name", ["d", "p", "dq"])
def test_private_number_that_is_too_large_is_not_calculated_with(name):
    file = as_file(VECTORS[RSA], **{name: "AQAB" * 200_000})
    assert reason(file) == "The JWK has missing or malformed members."


def test_private_key_that_is_too_large_is_not_calculated_with():
    # Its primes would be looked for, for hours.
    number = base64.urlsafe_b64encode(b"\xff" * 2048).rstrip(b"=").decode()
    members = {"kty": "RSA", "n": number, "e": "AQAB", "d": number}
    assert "(16384 bits, exponent 65537) cannot be used" in reason(json.dumps(members).encode())


def tagged(tag, content):
    length = len(content)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, *([] if length < 0x80 else [0x80 + len(octets)])]) + octets + content


def pkcs1(*numbers):
    encoded = (one.to_bytes(one.bit_length() // 8 + 1, "big") for one in numbers)
    return tagged(0x30, b"".join(tagged(0x02, one) for one in encoded))


def as_pkcs1(**changes):
    key = native(RSA).private_numbers()
    factors = {"p": key.p, "q": key.q, **changes}
    others = (key.dmp1, key.dmq1, key.iqmp)
    return pkcs1(0, key.public_numbers.n, 65537, key.d, *factors.values(), *others)


def test_key_that_these_tests_write_is_read():
    assert_read(as_pkcs1(), RSA, private=True)


@pytest.mark.parametrize("larger", ["p", "q"])
def test_factor_that_is_larger_than_the_modulus_is_not_calculated_with(larger):
    # Whether this one is a prime takes minutes to find out.
    file = as_pkcs1(**{larger: 2**44497 - 1})
    text = base64.encodebytes(file)
    lines = b"-----BEGIN RSA PRIVATE KEY-----\n%b-----END RSA PRIVATE KEY-----\n" % text
    assert reason(lines) == "The PEM cannot be read as a private or a public key."
