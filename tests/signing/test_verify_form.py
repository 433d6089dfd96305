"""No token is believed whose header or form is not as it has to be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.signing.sign import find_signing_key
from tests.keys import DAY, NOW
from tests.signing.tokens import (
    CLAIMS,
    HEADER,
    MALFORMED,
    SIGNATURE,
    TYPE,
    UNKNOWN_KEY,
    decode,
    encode,
    forge,
    refused,
    verify,
    with_claims,
)

pytestmark = pytest.mark.django_db


# Verifying: header


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"crit": 7},
        {"jwk": {"kty": "OKP"}},
        {"jku": "https://evil.test/jwks.json"},
        {"x5u": "https://evil.test/chain.pem"},
        {"x5c": ["MII"]},
    ],
    ids=lambda header: ",".join(header),
)
def test_header_that_brings_its_own_rules_is_refused(key, header):
    assert refused(forge(key, **header)) == HEADER


def test_embedded_key_is_not_used(key):
    evil = jwk.generate("EdDSA")
    public = jwk.public_jwk(evil, "EdDSA")
    assert refused(forge(key, sign=evil.private_key.sign, jwk=public)) == HEADER
    assert refused(forge(key, sign=evil.private_key.sign, kid=public["kid"])) == UNKNOWN_KEY


@pytest.mark.parametrize(
    "header", [{"b64": False}, {"b64": 0}, {"b64": None, "zip": "DEF"}, {"mine": 1}], ids=str
)
def test_header_that_nobody_knows_is_refused(key, header):
    assert refused(forge(key, **header)) in (MALFORMED, SIGNATURE)


@pytest.mark.parametrize(
    "typ", ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"]
)
def test_type_is_a_media_type(key, typ):
    assert verify(forge(key, typ=typ))


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "", None, "at+jwt ", "at+jwt;x=y", "text/at+jwt", "application/", 7, ["at+jwt"]],
    ids=repr,
)
def test_another_type_is_refused(key, typ):
    assert refused(forge(key, typ=typ)) == TYPE


def test_other_types_may_be_asked_for(key):
    assert verify(forge(key, typ="JWT"), typ="JWT")
    assert refused(forge(key), typ="JWT") == TYPE


# Verifying: the token itself


@pytest.mark.parametrize("part", [0, 1, 2])
def test_tampered_token_is_refused(each, part):
    parts = sign_jwt(CLAIMS, algorithm=each.algorithm, now=NOW).split(".")
    other = forge_parts(each)
    parts[part] = other[part]
    assert refused(".".join(parts)) == SIGNATURE


def forge_parts(key):
    """Return the parts of a token that differs in each of them."""
    claims = {**CLAIMS, "sub": "8"}
    parts = sign_jwt(claims, algorithm=key.algorithm, now=NOW).split(".")
    parts[0] = encode({"typ": "at+jwt", "kid": key.kid, "alg": key.algorithm, "cty": "x"})
    return parts


def test_every_bit_of_a_signature_counts(key):
    message, _, signature = sign_jwt(CLAIMS, now=NOW).rpartition(".")
    raw = decode(signature)
    for position in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[position] ^= 1
        assert refused(f"{message}.{encode(bytes(changed))}") == SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token + "=", id="padding"),
        pytest.param(lambda token: token + "\n", id="newline"),
        pytest.param(lambda token: token[:-2], id="cut"),
        pytest.param(lambda token: token.rpartition(".")[0] + ".", id="no-signature"),
        pytest.param(lambda token: token.rpartition(".")[0] + ".!!", id="no-base64"),
    ],
)
def test_signature_in_another_spelling_is_refused(key, change):
    assert refused(change(sign_jwt(CLAIMS, now=NOW))) == SIGNATURE


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="none"),
        pytest.param(b"a.b.c", id="bytes"),
        pytest.param(7, id="number"),
        pytest.param([], id="list"),
        pytest.param("", id="empty"),
        pytest.param(" ", id="blank"),
        pytest.param("opaque", id="opaque"),
        pytest.param("a.b", id="two-parts"),
        pytest.param("a.b.c.d", id="four-parts"),
        pytest.param("a.b.c.d.e", id="jwe"),
        pytest.param("..", id="nothing"),
        pytest.param("é.é.é", id="beyond-ascii"),
        pytest.param("\ud800.b.c", id="surrogate"),
        pytest.param("\0.\0.\0", id="nul"),
        pytest.param("x" * 10_000_000, id="huge"),
        pytest.param(f"{'e' * 100_000}.e30.e30", id="huge-header"),
        pytest.param(f"{encode(b'[1]')}.e30.e30", id="header-list"),
        pytest.param(f"{encode(b'7')}.e30.e30", id="header-number"),
        pytest.param(f"{encode(['alg'])}.e30.e30", id="header-list-of-alg"),
        pytest.param(f"{encode('alg')}.e30.e30", id="header-string-alg"),
        pytest.param(f"{encode(b'null')}.e30.e30", id="header-null"),
        pytest.param(f"{encode(b'{')}.e30.e30", id="header-broken"),
        pytest.param(f"{encode(bytes([255]))}.e30.e30", id="header-not-utf8"),
        pytest.param(f"{encode(b'[' * 380)}.e30.e30", id="header-nested"),
        pytest.param(f"{encode({'alg': 'EdDSA'})}.!.e30", id="payload-no-base64"),
    ],
)
def test_garbage_is_malformed(key, token):
    assert refused(token) == MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        b"[1]",
        b"7",
        b"null",
        b'"iss"',
        b"",
        b"{",
        b"\xff",
        b'{"a":' * 15_000,
        b'{"exp": 1' + b"0" * 5000 + b"}",
    ],
    ids=["list", "number", "null", "string", "empty", "broken", "not-utf8", "nested", "digits"],
)
def test_signed_payload_that_is_no_object_is_refused(key, payload):
    assert refused(forge(key, payload)) in (SIGNATURE, "The token has no valid exp")


def test_error_tells_nothing_of_the_token(key):
    assert "secret" not in refused(with_claims(key, iss="secret"))
    assert "secret" not in refused(forge(key, kid="secret"))


def test_warm_verification_asks_the_database_nothing(key, django_assert_num_queries):
    token = sign_jwt(CLAIMS, now=NOW)
    verify(token)
    with django_assert_num_queries(0):
        verify(token)


def test_key_retired_and_erased_by_a_host_that_is_ahead_has_a_successor_for_one_behind():
    old = rotation.rotate("EdDSA", now=NOW - DAY)
    rotation.retire(old, now=NOW + timedelta(seconds=60))
    rotation.prune(now=NOW + timedelta(seconds=60))
    key = find_signing_key("EdDSA", None, NOW - timedelta(seconds=60))
    assert key.generation == old.generation + 1
