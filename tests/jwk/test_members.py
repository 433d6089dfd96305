"""What is published of a key, and what it is called."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc import jws

from mcp_oauth_discovery.keys import files, jwk
from tests.jwk.reading import EVERY_VECTOR, MEMBERS, octets, read
from tests.keys import EC, ED, VECTORS, as_file

# Thumbprints


@EVERY_VECTOR
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_thumbprint_is_that_of_the_vector(vector, private):
    assert jwk.thumbprint(json.loads(as_file(vector, private=private))) == vector["thumbprint"]


@EVERY_VECTOR
def test_thumbprint_leaves_labels_out(vector):
    labels = {"kid": "x", "use": "sig", "alg": vector["algorithm"], "x5t": "x", "mine": "é"}
    assert jwk.thumbprint({**vector["jwk"], **labels}) == vector["thumbprint"]


@EVERY_VECTOR
def test_kid_is_the_thumbprint(vector):
    key, algorithm = files.read(as_file(vector, kid="of somebody else"))
    assert jwk.public_jwk(key, algorithm)["kid"] == vector["thumbprint"]


def test_signature_of_rfc8037_verifies_with_the_key_read():
    key = read(VECTORS[ED], private=False)
    with pytest.warns(Warning, match="EdDSA is deprecated"):
        signed = jws.deserialize_compact(VECTORS[ED]["jws"], key, algorithms=["EdDSA"])
    assert signed.payload == b"Example of Ed25519 signing"


# Public members


@EVERY_VECTOR
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_public_members_are_those_of_the_vector(vector, private):
    public = jwk.public_jwk(read(vector, private=private), vector["algorithm"])
    assert public == {
        **json.loads(as_file(vector, private=False)),
        "kid": vector["thumbprint"],
        "alg": vector["algorithm"],
        "use": "sig",
    }


@EVERY_VECTOR
def test_only_listed_members_are_published(vector):
    extra = {"oth": [{"r": "x"}], "k": "x", "x5c": ["x"], "key_ops": ["sign"], "ext": True, "m": 1}
    stored = {**vector["jwk"], **extra, "kid": "x", "alg": vector["algorithm"], "use": "sig"}
    assert list(jwk.published(stored, vector["algorithm"])) == MEMBERS[vector["algorithm"]]


@EVERY_VECTOR
def test_private_key_with_an_unknown_member_gives_listed_members_only(vector):
    key = read(vector, more="of an extension", key_ops=["sign"])
    assert list(jwk.public_jwk(key, vector["algorithm"])) == MEMBERS[vector["algorithm"]]


@EVERY_VECTOR
def test_stored_order_does_not_matter(vector):
    public = jwk.public_jwk(read(vector), vector["algorithm"])
    shuffled = dict(sorted(public.items(), reverse=True))
    assert json.dumps(jwk.published(shuffled, vector["algorithm"])) == json.dumps(public)


@pytest.mark.parametrize("name", ["p256-x-begins-with-zero", "p256-y-begins-with-zero", EC])
@pytest.mark.parametrize("member", ["x", "y"])
def test_coordinate_is_32_octets(name, member):
    value = jwk.public_jwk(read(VECTORS[name]), "ES256")[member]
    assert (len(value), len(octets(value))) == (43, 32)


@pytest.mark.parametrize("member", ["x", "y"])
def test_vector_begins_with_a_zero_octet(member):
    vector = VECTORS[f"p256-{member}-begins-with-zero"]
    assert octets(jwk.public_jwk(read(vector), "ES256")[member])[0] == 0


def test_coordinate_that_lost_its_zero_octet_is_published_in_full():
    vector = VECTORS["p256-x-begins-with-zero"]
    short = base64.urlsafe_b64encode(octets(vector["jwk"]["x"])[1:]).rstrip(b"=").decode()
    key, algorithm = files.read(as_file(vector, x=short))
    assert jwk.public_jwk(key, algorithm)["kid"] == vector["thumbprint"]
