"""No token is believed by another key or algorithm than its own."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.signing import sign_jwt
from tests.keys import DAY, NOW, RSA, TICK, VECTORS, as_file
from tests.signing.tokens import (
    CLAIMS,
    EXP,
    MALFORMED,
    SIGNATURE,
    UNKNOWN_KEY,
    forge,
    refused,
    verify,
    with_claims,
)

pytestmark = pytest.mark.django_db


def test_forged_token_that_is_right_in_all_is_accepted(each):
    algorithms = {
        "RS256": lambda m: each.unseal().private_key.sign(m, padding.PKCS1v15(), SHA256()),
        "EdDSA": each.unseal().private_key.sign,
    }
    if each.algorithm in algorithms:
        assert verify(forge(each, sign=algorithms[each.algorithm]))["sub"] == "7"


@pytest.mark.parametrize("secret", ["pem", "jwk", "x"])
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_public_key_is_no_secret(key, alg, secret):
    public = key.published_jwk
    secrets = {"pem": jwk.public_pem(public), "jwk": json.dumps(public), "x": public["x"]}
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    mac = lambda message: hmac.digest(secrets[secret].encode(), message, digest)  # noqa: E731
    assert refused(forge(key, sign=mac, alg=alg)) == SIGNATURE


def test_public_rsa_key_is_no_secret():
    key = rotation.import_key(as_file(VECTORS[RSA]), now=NOW)
    pem = jwk.public_pem(key.published_jwk).encode()
    mac = lambda message: hmac.digest(pem, message, hashlib.sha256)  # noqa: E731
    assert refused(forge(key, sign=mac, alg="HS256")) == SIGNATURE


def test_another_published_key_does_not_lend_its_algorithm(key):
    rsa = rotation.import_key(as_file(VECTORS[RSA]), now=NOW)
    token = sign_jwt(CLAIMS, algorithm="RS256", now=NOW)
    assert verify(token)
    sign = lambda message: rsa.unseal().private_key.sign(  # noqa: E731
        message, padding.PKCS1v15(), SHA256()
    )
    assert refused(forge(key, sign=sign, alg="RS256")) == SIGNATURE


def test_rsa_key_verifies_rs256_only():
    rsa = rotation.import_key(as_file(VECTORS[RSA]), now=NOW)
    pss = padding.PSS(padding.MGF1(SHA256()), 32)
    sign = lambda message: rsa.unseal().private_key.sign(message, pss, SHA256())  # noqa: E731
    assert refused(forge(rsa, sign=sign, alg="PS256")) == SIGNATURE


@pytest.mark.parametrize(
    ("alg", "signature"),
    [
        *[(alg, "") for alg in ("none", "None", "NONE", "nOnE", "")],
        *[(alg, "kept") for alg in ("none", "Ed25519", "eddsa", "ES256")],
    ],
)
def test_algorithm_that_is_not_the_keys_is_refused(key, alg, signature):
    sign = (lambda message: b"") if not signature else None
    assert refused(forge(key, sign=sign, alg=alg)) == SIGNATURE


@pytest.mark.parametrize("alg", [7, ["EdDSA"], {"a": 1}, True], ids=repr)
def test_algorithm_that_is_no_name_is_refused(key, alg):
    assert refused(forge(key, alg=alg)) == SIGNATURE


def test_token_without_algorithm_is_malformed(key):
    assert refused(forge(key, alg=None)) == MALFORMED


@pytest.mark.parametrize(
    "kid",
    ["nobody", "", None, 7, ["x"], {"a": 1}, True, "' OR 1=1 --", "../../etc/passwd"],
    ids=repr,
)
def test_foreign_kid_is_refused(key, kid):
    assert refused(forge(key, kid=kid)) == UNKNOWN_KEY


def test_kid_is_compared_exactly(key):
    assert refused(forge(key, kid=key.kid.swapcase())) == UNKNOWN_KEY


def test_key_of_an_attacker_under_our_kid_is_refused(key):
    assert refused(forge(key, sign=ed25519.Ed25519PrivateKey.generate().sign)) == SIGNATURE


def test_rsa_key_of_an_attacker_under_our_kid_is_refused():
    rsa = rotation.import_key(as_file(VECTORS[RSA]), now=NOW)
    evil = generate_private_key(65537, 2048)
    sign = lambda message: evil.sign(message, padding.PKCS1v15(), SHA256())  # noqa: E731
    assert refused(forge(rsa, sign=sign)) == SIGNATURE


def test_revoked_key_is_refused_at_once(key):
    token = sign_jwt(CLAIMS, now=NOW)
    assert verify(token)
    rotation.revoke(key, now=NOW)
    assert refused(token) == UNKNOWN_KEY


def test_retired_key_is_accepted_until_it_leaves_the_set(key):
    token = with_claims(key, exp=EXP + 10**9)
    rotation.retire(key, now=NOW)
    assert verify(token, now=NOW + 2 * DAY - TICK)
    assert refused(token, now=NOW + 2 * DAY) == UNKNOWN_KEY


def test_pending_key_is_accepted(pair):
    # It signs already by the clock of a host that is ahead.
    assert verify(forge(pair[1]))


def test_imported_public_key_verifies():
    elsewhere = jwk.generate("EdDSA")
    public = json.dumps(jwk.public_jwk(elsewhere, "EdDSA")).encode()
    key = rotation.import_key(public, public_only=True, now=NOW)
    assert verify(forge(key, sign=elsewhere.private_key.sign))
