"""PEM and DER: private keys, public keys and certificates, as `cryptography` knows them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_ssh_private_key,
)

from mcp_oauth_discovery.keys.algorithms import RSA_MOST_BITS
from mcp_oauth_discovery.standards.marking import Problem
from mcp_oauth_discovery.standards.marking import gettext_noop as _

_MARKER = re.compile(rb"^-----(BEGIN|END) ([A-Z0-9 ]+)-----", re.M)

# The object identifier of the algorithm in a SubjectPublicKeyInfo (RFC 5280 §4.1) and in PKCS #8
# (RFC 5208 §5). PKCS #8 has a version before it. Keys in PKCS #1 and SEC 1 have no identifier.
_LENGTH = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
_IDENTIFIER = re.compile(
    rb"\x30%b(?:\x02\x01[\x00\x01])?\x30%b\x06\x09(.{9})" % (_LENGTH, _LENGTH), re.S
)
# `cryptography` may read these as RSA keys for any purpose.
_PSS = "1.2.840.113549.1.1.10"
_OAEP = "1.2.840.113549.1.1.7"
_OBJECT_IDENTIFIERS = {
    bytes.fromhex("2a864886f70d01010a"): _PSS,
    bytes.fromhex("2a864886f70d010107"): _OAEP,
}
_PURPOSES = {
    # RFC 4055 §1.2.
    _PSS: _("The key is for RSASSA-PSS alone, and RS256 is PKCS #1 v1.5."),
    _OAEP: _("The key is for RSAES-OAEP, which encrypts and does not sign."),
}
_ANOTHER = _("Import another key. This makes one: openssl genpkey -algorithm RSA -out FILE.")

_NEITHER = _("The file holds neither PEM (-----BEGIN …) nor DER nor a JWK ({…}).")
_ENCRYPTED = _("The PEM is encrypted. Decrypt it first: openssl pkey -in FILE -out PLAIN.")
_ENCRYPTED_DER = _(
    "The DER is encrypted. Decrypt it first: openssl pkey -inform DER -in FILE -out PLAIN."
)
_ENCRYPTED_SSH = _("The key is encrypted. Remove its passphrase first: ssh-keygen -p -f COPY.")
_UNREADABLE = _("The PEM cannot be read as a private or a public key.")
_SEVERAL = _("The file holds several keys. Put the key to import in a file of its own.")
_NO_SIGNATURES = _("The certificate is not for signatures: its key usage has no digitalSignature.")
_UNREADABLE_CERTIFICATE = _("The key or the extensions of the certificate cannot be read.")


class UnsuitableKey(Problem):
    """A key that cannot be read, or that no algorithm here may sign with."""


class _Block(NamedTuple):
    """A part of a PEM file: its label, its whole text, and the text between its two markers."""

    label: bytes
    text: bytes
    body: bytes


def read_pem(text: bytes) -> Any:
    """Return the key of a PEM file: a private key, else a public key, else that of a certificate.

    Files may have parameters, certificates and comments beside the key.
    """
    for kind, load in _KINDS.items():
        block = _only_block(text, kind)
        if block:
            return _key_of(_read_block(block, load))
    raise UnsuitableKey(_UNREADABLE)


def read_der(der: bytes) -> Any:
    """Return the key of a file in DER: a private key, a public key or a certificate."""
    _check_purpose(der)
    try:
        readings = (_reading(load, der) for load in _KINDS.values())
        loaded = next((key for key in readings if key is not None), None)
    except TypeError:
        raise UnsuitableKey(_ENCRYPTED_DER) from None
    if loaded is None:
        raise UnsuitableKey(_NEITHER)
    return _key_of(loaded)


def _only_block(text: bytes, kind: bytes) -> _Block | None:
    """Return the one block whose label ends with a kind, or None if there is none."""
    markers = list(_MARKER.finditer(text))
    begins = [
        number
        for number, marker in enumerate(markers)
        if marker[1] == b"BEGIN" and marker[2].endswith(kind)
    ]
    if len(begins) > 1:
        raise UnsuitableKey(_SEVERAL)
    if not begins:
        if kind + b"-----" in text:
            # Do not skip a damaged block and take another one.
            raise UnsuitableKey(_UNREADABLE)
        return None
    begin, *ends = markers[begins[0] : begins[0] + 2]
    if [(end[1], end[2]) for end in ends] != [(b"END", begin[2])]:
        raise UnsuitableKey(_UNREADABLE)
    (end,) = ends
    text = text[begin.start() : end.end()] + b"\n"
    return _Block(begin[2], text, text[len(begin[0]) : -len(end[0]) - 1])


def _read_block(block: _Block, load: Callable[[bytes], Any]) -> Any:
    is_ssh = block.label.startswith(b"OPENSSH ")
    if block.label.startswith(b"ENCRYPTED ") or b"Proc-Type:" in block.body:
        raise UnsuitableKey(_ENCRYPTED)
    try:
        if is_ssh:
            loaded = _reading(partial(_load_private, load_ssh_private_key), block.text)
        else:
            der = base64.b64decode(b"".join(block.body.split()), validate=True)
            _check_purpose(der)
            loaded = _reading(load, der)
    except binascii.Error:
        loaded = None
    except TypeError:
        raise UnsuitableKey(_ENCRYPTED_SSH if is_ssh else _ENCRYPTED) from None
    if loaded is None:
        raise UnsuitableKey(_UNREADABLE)
    return loaded


def _reading(load: Callable[[bytes], Any], data: bytes) -> Any:
    """Return what a loader reads, or None if it cannot; raises `TypeError` for encrypted data.

    `cryptography` raises it when a password is missing.
    """
    try:
        return load(data)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _load_private(load: Callable[..., Any], data: bytes) -> Any:
    """Load a private key, and check its RSA numbers unless the modulus is too large.

    The check takes minutes for the largest numbers. A modulus of that size is refused later.
    """
    key = load(data, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > RSA_MOST_BITS:
        return key
    numbers = key.private_numbers()
    if max(numbers.p, numbers.q) > numbers.public_numbers.n:
        raise ValueError("a factor is larger than the modulus")
    return load(data, password=None)


def _check_purpose(der: bytes) -> None:
    match = _IDENTIFIER.match(der)
    purpose = _PURPOSES.get(_OBJECT_IDENTIFIERS.get(match[1], "")) if match else None
    if purpose:
        raise UnsuitableKey(purpose, _ANOTHER)


def _key_of(loaded: Any) -> Any:
    """Return a key unchanged, and the public key of a certificate that is for signatures."""
    if not isinstance(loaded, x509.Certificate):
        return loaded
    purpose = _PURPOSES.get(loaded.public_key_algorithm_oid.dotted_string)
    if purpose:
        raise UnsuitableKey(purpose, _ANOTHER)
    try:
        extensions = [extension.value for extension in loaded.extensions]
        usages = [value for value in extensions if isinstance(value, x509.KeyUsage)]
        public = loaded.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise UnsuitableKey(_UNREADABLE_CERTIFICATE) from None
    if any(not usage.digital_signature for usage in usages):
        raise UnsuitableKey(_NO_SIGNATURES)
    return public


# By the last words of a PEM label. The private key comes first, so that the import can refuse to
# publish a file that contains one.
_KINDS: dict[bytes, Callable[[bytes], Any]] = {
    b"PRIVATE KEY": partial(_load_private, load_der_private_key),
    b"PUBLIC KEY": load_der_public_key,
    b"CERTIFICATE": x509.load_der_x509_certificate,
}
