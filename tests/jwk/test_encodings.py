"""DER, certificates, JWK Sets of one key, and keys by their algorithm identifier."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mcp_oauth_discovery.keys import files, jwk
from tests import keys
from tests.jwk.reading import assert_read, native, pem, reason
from tests.keys import EC, ED, RSA, VECTORS, as_file

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
DER = (Encoding.DER,)
PKCS8, PKCS1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
PASSWORD = BestAvailableEncryption(b"password")


def private_der(key, form=PKCS8, encryption=None):
    return key.private_bytes(Encoding.DER, form, encryption or NoEncryption())


def public_der(key, form=PublicFormat.SubjectPublicKeyInfo):
    return key.public_key().public_bytes(Encoding.DER, form)


def certificate(name, *, usage=None, public=None, encoding=Encoding.PEM):
    """Return a certificate of the key of a vector, or of another one."""
    key = native(name)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    builder = (
        x509.CertificateBuilder(subject, subject, public or key.public_key(), 7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usage:
        names = ("digital_signature", "content_commitment", "key_encipherment")
        names += ("data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
        allowed = {one: one in usage for one in names}
        usages = x509.KeyUsage(**allowed, encipher_only=False, decipher_only=False)
        builder = builder.add_extension(usages, critical=True)
    return builder.sign(key, None if name == ED else SHA256()).public_bytes(encoding)


@pytest.mark.parametrize(
    ("name", "form"), [(RSA, PKCS8), (RSA, PKCS1), (EC, PKCS8), (EC, PKCS1), (ED, PKCS8)]
)
def test_private_der_is_read(name, form):
    assert_read(private_der(native(name), form), name, private=True)


@pytest.mark.parametrize("name", [RSA, EC, ED])
def test_public_der_is_read(name):
    assert_read(public_der(native(name)), name, private=False)


def test_public_der_of_pkcs1_is_read():
    assert_read(public_der(native(RSA), PublicFormat.PKCS1), RSA, private=False)


def test_der_may_end_in_what_is_white_space_in_a_text():
    # A private key is not stripped of its last octets, of which one in forty is white space.
    keys = (ec.derive_private_key(number, ec.SECP256R1()) for number in range(1, 1000))
    ders = (private_der(key) for key in keys)
    file = next(der for der in ders if der[-1:].isspace())
    assert files.read(file)[1] == "ES256"


@pytest.mark.parametrize("name", [RSA, EC, ED])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_certificate_is_read_as_its_public_key(name, encoding):
    assert_read(certificate(name, encoding=encoding), name, private=False)


def test_public_key_counts_before_a_certificate():
    public = native(ED).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert_read(certificate(EC) + public, ED, private=False)


def test_private_key_counts_before_its_certificate():
    assert_read(certificate(EC) + certificate(RSA) + pem(native(EC)), EC, private=True)


def test_chain_of_certificates_is_refused():
    assert reason(certificate(EC) * 2) == (
        "The file holds several keys. Put the key to import in a file of its own."
    )


@pytest.mark.parametrize("usage", [["digital_signature"], ["digital_signature", "key_agreement"]])
def test_certificate_for_signatures_is_read(usage):
    assert_read(certificate(EC, usage=usage), EC, private=False)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_certificate_for_something_else_is_refused(encoding):
    assert reason(certificate(EC, usage=["key_agreement"], encoding=encoding)) == (
        "The certificate is not for signatures: its key usage has no digitalSignature."
    )


def test_certificate_of_another_kind_of_key_is_refused():
    public = x25519.X25519PrivateKey.generate().public_key()
    assert reason(certificate(EC, public=public)).startswith("This X25519 key cannot be used: ")


def test_certificate_of_a_key_on_another_curve_is_refused():
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    assert reason(certificate(EC, public=public)).startswith("This EC key (secp384r1) cannot")


def test_certificate_whose_key_cannot_be_read_is_refused():
    # The point of the key, altered, is not on the curve.
    der = certificate(EC, encoding=Encoding.DER)
    point = native(EC).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    altered = der.replace(point, point[:-1] + bytes([point[-1] ^ 1]))
    assert reason(altered) == "The key or the extensions of the certificate cannot be read."


def test_encrypted_der_is_refused():
    assert reason(private_der(native(ED), encryption=PASSWORD)) == (
        "The DER is encrypted. Decrypt it first: openssl pkey -inform DER -in FILE -out PLAIN."
    )


@pytest.mark.parametrize(
    "change",
    [lambda der: der[:-1], lambda der: der + b"\0", lambda der: b"0" + der, lambda der: b"0"],
)
def test_der_that_is_cut_or_continued_is_refused(change):
    assert reason(change(private_der(native(EC)))) == (
        "The file holds neither PEM (-----BEGIN …) nor DER nor a JWK ({…})."
    )


@pytest.mark.parametrize("body", [b"####", b"A", b"MC4CAQ=", b"MC4C\n\n: x"])
def test_pem_that_is_no_base64_is_refused(body):
    lines = b"-----BEGIN PRIVATE KEY-----\n%b\n-----END PRIVATE KEY-----\n" % body
    assert reason(lines) == "The PEM cannot be read as a private or a public key."


# RFC 4055 §1.2. Made by openssl, for nothing but this.
PSS = {
    path.stem: path.read_bytes()
    for path in sorted((Path(keys.__file__).parent / "vectors").glob("rsa-pss-*.pem"))
}
PSS_REFUSED = (
    "The key is for RSASSA-PSS alone, and RS256 is PKCS #1 v1.5. "
    "Import another key. This makes one: openssl genpkey -algorithm RSA -out FILE."
)


def der_of(text):
    return base64.b64decode(b"".join(text.splitlines()[1:-1]))


@pytest.mark.parametrize("text", PSS.values(), ids=PSS)
def test_key_for_pss_is_refused(text):
    assert len(PSS) == 3
    assert reason(text) == PSS_REFUSED


@pytest.mark.parametrize("text", PSS.values(), ids=PSS)
def test_key_for_pss_is_refused_as_der(text):
    assert reason(der_of(text)) == PSS_REFUSED


def test_key_for_pss_is_another_one_to_cryptography():
    # So that the refusal is not for nothing: the identifier is lost there.
    key = load_pem_private_key(PSS["rsa-pss-private"], None)
    assert files.read(pem(key))[1] == "RS256"


@pytest.mark.parametrize("text", PSS.values(), ids=PSS)
def test_key_for_oaep_is_refused(text):
    oaep = bytes.fromhex("06092a864886f70d010107")
    der = der_of(text).replace(bytes.fromhex("06092a864886f70d01010a"), oaep)
    assert reason(der) == (
        "The key is for RSAES-OAEP, which encrypts and does not sign. "
        "Import another key. This makes one: openssl genpkey -algorithm RSA -out FILE."
    )


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_set_of_one_key_is_read(private):
    vector = VECTORS[ED]
    file = b'{"keys": [%b]}' % as_file(vector, private=private, kid="mine")
    key, algorithm = files.read(file)
    assert (key.thumbprint(), algorithm) == (vector["thumbprint"], vector["algorithm"])
    assert jwk.is_private(key) is private
    assert files.declared_kid(file) == "mine"


@pytest.mark.parametrize("count", [0, 2, 3])
def test_set_of_another_number_of_keys_is_refused(count):
    file = json.dumps({"keys": [VECTORS[ED]["jwk"]] * count}).encode()
    assert reason(file) == (
        f"The file holds a JWK Set of {count} keys; expected one. "
        "Put the key to import in a file of its own."
    )


@pytest.mark.parametrize("keys", [None, {}, "x", [1], [None], [[]]], ids=repr)
def test_set_of_what_is_no_key_is_refused(keys):
    file = json.dumps({"keys": keys}).encode()
    assert reason(file) == "The file holds a JWK Set whose keys are not a list of objects."


def test_key_in_a_set_is_judged_like_any_other():
    file = b'{"keys": [%b]}' % as_file(VECTORS[RSA], use="enc")
    assert reason(file) == "The JWK is for use 'enc'; expected 'sig'."
