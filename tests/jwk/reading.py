"""The keys of the RFCs, read as an import reads them."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mcp_oauth_discovery.keys import files, jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from tests.keys import VECTORS, as_file

EVERY_VECTOR = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
EVERY_ALGORITHM = pytest.mark.parametrize("algorithm", ALGORITHMS)
MEMBERS = {
    "RS256": ["kty", "kid", "alg", "use", "n", "e"],
    "ES256": ["kty", "kid", "alg", "use", "crv", "x", "y"],
    "EdDSA": ["kty", "kid", "alg", "use", "crv", "x"],
}


def octets(member):
    return base64.urlsafe_b64decode(member + "=" * (-len(member) % 4))


def read(vector, **changes):
    return files.read(as_file(vector, **changes))[0]


def pem(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def native(name):
    return read(VECTORS[name]).private_key


def assert_read(file, name, *, private):
    key, algorithm = files.read(file)
    assert (key.thumbprint(), algorithm) == (
        VECTORS[name]["thumbprint"],
        VECTORS[name]["algorithm"],
    )
    assert jwk.is_private(key) is private


def reason(file):
    """Return why a file is refused, which is one line."""
    with pytest.raises(files.UnsuitableKey) as caught:
        files.read(file)
    assert "\n" not in str(caught.value)
    return str(caught.value)
