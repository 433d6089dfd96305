"""Keys from elsewhere, and their place in the succession."""

from __future__ import annotations

import json

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey, State
from tests.keys import DAY, EC, ED, HOUR, NOW, RSA, TICK, VECTORS, as_file
from tests.rotation.store import AHEAD, RETENTION, dates, fresh, prune, refused, rotate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [RSA, EC, ED])
def test_private_key_is_imported_as_the_successor(name):
    algorithm = VECTORS[name]["algorithm"]
    first = rotation.rotate(algorithm, now=NOW)
    key = rotation.import_key(as_file(VECTORS[name]), now=NOW + HOUR)
    assert (key.kid, key.generation) == (VECTORS[name]["thumbprint"], 2)
    assert dates(key)[0] == dates(first)[1] == NOW + HOUR + AHEAD
    assert fresh(key).unseal().thumbprint() == key.kid


@pytest.mark.parametrize("wrap", [bytes, bytes.decode, bytearray])
def test_file_may_be_text_or_octets(wrap):
    assert rotation.import_key(wrap(as_file(VECTORS[ED])), now=NOW).kid == VECTORS[ED]["thumbprint"]


@pytest.mark.parametrize("text", ["", "é", "\ud800", "{\ud800", "-----BEGIN \ud800"])
def test_text_that_is_no_key_is_refused(text):
    assert refused(rotation.import_key, text, now=NOW)


def test_private_key_is_imported_as_the_first_one():
    key = rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    assert SigningKey.objects.signing_key("EdDSA", NOW) == key


def test_import_while_a_key_is_pending_is_refused(pair):
    reason = refused(rotation.import_key, as_file(VECTORS[ED]), now=NOW)
    assert reason == f"The key {pair[1].kid} is pending for EdDSA. Revoke it first, or wait."


def test_public_key_is_imported_for_the_retention(pair):
    key = rotation.import_key(as_file(VECTORS[ED], private=False), public_only=True, now=NOW)
    assert (key.generation, key.private_key) == (None, "")
    assert dates(key) == (NOW, NOW, NOW + RETENTION, None)
    assert key.state(NOW) is State.RETIRED
    assert key in SigningKey.objects.published(NOW + RETENTION - TICK)


def test_public_key_does_not_touch_the_succession(pair):
    before = [dates(key) for key in pair]
    rotation.import_key(as_file(VECTORS[ED], private=False), public_only=True, now=NOW)
    assert [dates(key) for key in pair] == before
    assert rotate(NOW + AHEAD).generation == 3


def test_private_key_where_a_public_one_is_expected_is_refused():
    reason = refused(rotation.import_key, as_file(VECTORS[ED]), public_only=True, now=NOW)
    assert reason == (
        "The file holds a private key. Give its public key, or leave out --public-only."
    )


def test_public_key_where_a_private_one_is_expected_is_refused():
    reason = refused(rotation.import_key, as_file(VECTORS[ED], private=False), now=NOW)
    assert reason == "The file holds a public key only, which cannot sign. Add --public-only."


def test_unsuitable_file_is_refused():
    assert "The file is empty" in refused(rotation.import_key, b"", now=NOW)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda key: None, id="live"),
        pytest.param(lambda key: rotation.revoke(key, now=NOW), id="revoked"),
        pytest.param(lambda key: rotation.retire(key, now=NOW), id="retired"),
    ],
)
@pytest.mark.parametrize("public_only", [True, False])
def test_kid_seen_before_is_refused(end, public_only):
    key = rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    end(key)
    again = as_file(VECTORS[ED], private=not public_only)
    reason = refused(rotation.import_key, again, public_only=public_only, now=NOW)
    assert reason == f"The key {key.kid} was in the key store before; a kid is never used again."


@pytest.mark.parametrize("names", [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")], ids=" first ".join)
def test_key_is_not_imported_under_both_names_of_its_algorithm(names):
    first, second = (as_file(VECTORS[ED], alg=name) for name in names)
    key = rotation.import_key(first, now=NOW)
    assert key.published_jwk["alg"] == "EdDSA"
    assert "was in the key store before" in refused(rotation.import_key, second, now=NOW)


def test_kid_of_a_deleted_key_is_refused():
    rotation.revoke(rotation.import_key(as_file(VECTORS[ED]), now=NOW), now=NOW)
    prune(NOW + 365 * DAY)
    assert not SigningKey.objects.filter(kid=VECTORS[ED]["thumbprint"]).exists()
    assert "was in the key store before" in refused(rotation.import_key, as_file(VECTORS[ED]))


def test_imported_labels_are_ours():
    vector = as_file(VECTORS[ED], kid="mine", x5c=["x"])
    public = rotation.import_key(vector, now=NOW).public_jwk
    assert json.dumps(public) == json.dumps(
        {
            "kty": "OKP",
            "kid": VECTORS[ED]["thumbprint"],
            "alg": "EdDSA",
            "use": "sig",
            "crv": "Ed25519",
            "x": VECTORS[ED]["jwk"]["x"],
        }
    )
