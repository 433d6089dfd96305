"""Files that hold a key which can be used."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from mcp_oauth_discovery.keys import files, jwk
from tests.jwk.reading import EVERY_VECTOR, native, pem
from tests.keys import EC, ED, RSA, VECTORS, as_file


@EVERY_VECTOR
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_jwk_is_read(vector, private):
    key, algorithm = files.read(b"\n " + as_file(vector, private=private) + b"\r\n")
    assert (key.thumbprint(), algorithm) == (vector["thumbprint"], vector["algorithm"])
    assert jwk.is_private(key) is private


@pytest.mark.parametrize("name", [RSA, EC, ED])
def test_jwk_may_say_what_it_is_for(name):
    algorithm = VECTORS[name]["algorithm"]
    for labels in ({"use": "sig"}, {"alg": algorithm}, {"key_ops": ["sign"]}):
        assert files.read(as_file(VECTORS[name], **labels))[1] == algorithm


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_ed25519_by_its_newer_name_is_eddsa(private):
    key, algorithm = files.read(as_file(VECTORS[ED], private=private, alg="Ed25519"))
    assert algorithm == jwk.public_jwk(key, algorithm)["alg"] == "EdDSA"


@pytest.mark.parametrize("operations", [["verify"], ["sign"], ["verify", "encrypt"]], ids=str)
def test_public_jwk_may_say_what_it_is_for(operations):
    assert files.read(as_file(VECTORS[ED], private=False, key_ops=operations))[1] == "EdDSA"


@pytest.mark.parametrize(
    ("file", "kid"),
    [
        pytest.param(as_file(VECTORS[ED], kid="mine"), "mine", id="kid"),
        pytest.param(b"\n" + as_file(VECTORS[ED], kid=7), "7", id="number"),
        pytest.param(as_file(VECTORS[ED]), None, id="none"),
        pytest.param(b"-----BEGIN PUBLIC KEY-----\n", None, id="pem"),
    ],
)
def test_kid_of_the_file_is_told(file, kid):
    assert files.declared_kid(file) == kid


def test_jwk_without_primes_is_read():
    vector = VECTORS[RSA]
    members = {name: vector["jwk"][name] for name in ("kty", "n", "e", "d")}
    assert files.read(json.dumps(members).encode())[0].thumbprint() == vector["thumbprint"]


@pytest.mark.parametrize(
    ("name", "form", "label"),
    [
        pytest.param(RSA, PrivateFormat.PKCS8, b"BEGIN PRIVATE KEY", id="rsa-pkcs8"),
        pytest.param(RSA, PrivateFormat.TraditionalOpenSSL, b"BEGIN RSA PRIV", id="rsa-pkcs1"),
        pytest.param(EC, PrivateFormat.PKCS8, b"BEGIN PRIVATE KEY", id="ec-pkcs8"),
        pytest.param(EC, PrivateFormat.TraditionalOpenSSL, b"BEGIN EC PRIVATE", id="ec-sec1"),
        pytest.param(ED, PrivateFormat.PKCS8, b"BEGIN PRIVATE KEY", id="ed25519-pkcs8"),
        pytest.param(ED, PrivateFormat.OpenSSH, b"BEGIN OPENSSH PRIV", id="ed25519-openssh"),
        pytest.param(EC, PrivateFormat.OpenSSH, b"BEGIN OPENSSH PRIV", id="ec-openssh"),
    ],
)
def test_private_pem_is_read(name, form, label):
    text = pem(native(name), form)
    key, algorithm = files.read(text)
    assert label in text
    assert (key.thumbprint(), algorithm) == (
        VECTORS[name]["thumbprint"],
        VECTORS[name]["algorithm"],
    )
    assert jwk.is_private(key)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param(RSA, PublicFormat.SubjectPublicKeyInfo, id="rsa"),
        pytest.param(RSA, PublicFormat.PKCS1, id="rsa-pkcs1"),
        pytest.param(EC, PublicFormat.SubjectPublicKeyInfo, id="ec"),
        pytest.param(ED, PublicFormat.SubjectPublicKeyInfo, id="ed25519"),
    ],
)
def test_public_pem_is_read(name, form):
    key, algorithm = files.read(native(name).public_key().public_bytes(Encoding.PEM, form))
    assert key.thumbprint() == VECTORS[name]["thumbprint"]
    assert algorithm == VECTORS[name]["algorithm"]
    assert not jwk.is_private(key)


def test_larger_rsa_key_is_read():
    assert files.read(pem(rsa.generate_private_key(65537, 3072)))[1] == "RS256"


CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
AROUND = {
    # By openssl pkcs12.
    "bag-attributes": b"Bag Attributes\n    localKeyID: 84 A8\nKey Attributes: <No Attributes>\n",
    "certificate": b"Bag Attributes\nsubject=CN = a\n" + CERTIFICATE,
    # By openssl ecparam.
    "parameters": b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
    "byte-order-mark": b"\xef\xbb\xbf",
}


@pytest.mark.parametrize("before", AROUND.values(), ids=AROUND)
def test_pem_is_found_among_what_other_programs_add(before):
    key, algorithm = files.read(before + pem(native(EC)) + CERTIFICATE)
    assert (key.thumbprint(), algorithm) == (VECTORS[EC]["thumbprint"], "ES256")


def test_private_pem_counts_before_a_public_one():
    public = native(ED).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert jwk.is_private(files.read(public + pem(native(ED)))[0])


def test_jwk_may_begin_with_a_byte_order_mark():
    file = b"\xef\xbb\xbf\n" + as_file(VECTORS[ED], kid="mine")
    assert files.read(file)[1] == "EdDSA"
    assert files.declared_kid(file) == "mine"
