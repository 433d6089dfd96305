"""A key of Ed25519 only signs, and a key of X25519 never does."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery.keys import files
from tests.keys import ED, VECTORS, as_file


@pytest.mark.parametrize(
    "labels",
    [{"use": "enc"}, {"key_ops": ["deriveKey"]}, {"key_ops": ["deriveBits"]}, {"alg": "ECDH-ES"}],
    ids=json.dumps,
)
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_key_of_ed25519_for_key_agreement_is_refused(labels, private):
    with pytest.raises(files.UnsuitableKey, match=r"^The JWK is for |for 'ECDH-ES' cannot be used"):
        files.read(as_file(VECTORS[ED], private=private, **labels))


@pytest.mark.parametrize("labels", [{}, {"alg": "EdDSA"}, {"use": "sig"}], ids=json.dumps)
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_key_of_x25519_is_refused(labels, private):
    with pytest.raises(files.UnsuitableKey, match=r"^This X25519 key .*cannot be used"):
        files.read(as_file(VECTORS[ED], private=private, crv="X25519", **labels))
