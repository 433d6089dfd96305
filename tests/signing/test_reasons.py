"""Each refusal has a reason that stays the same, and what was expected and received."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.protection import BearerProtection
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt
from mcp_oauth_discovery.signing.rules import REASONS, check_type
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN
from tests.keys import HOUR, NOW, SECOND
from tests.markdown import read, section
from tests.signing.tokens import AUDIENCE, CLAIMS, EXP, encode, forge, verify, with_claims

pytestmark = pytest.mark.django_db

BEGINS = int((NOW + HOUR).timestamp())


def refusal(token, **kwargs):
    with pytest.raises(InvalidToken) as caught:
        verify(token, **kwargs)
    error = caught.value
    return error.reason, error.expected, error.received


@pytest.mark.parametrize("token", ["", "a.b.c", f"{encode(b'[1]')}.e30.e30"])
def test_malformed_token(key, token):
    assert refusal(token) == ("malformed", {}, {})


def test_header_that_is_not_allowed_is_named_without_its_value(key):
    evil = jwk.public_jwk(jwk.generate("EdDSA"), "EdDSA")
    received = {"header": ["crit", "jwk"]}
    assert refusal(forge(key, jwk=evil, crit=[])) == ("header_not_allowed", {}, received)


@pytest.mark.parametrize(
    ("typ", "received"), [("JWT", {"typ": "JWT"}), (7, {"typ": 7}), (None, {})], ids=repr
)
def test_wrong_type(key, typ, received):
    assert refusal(forge(key, typ=typ)) == ("wrong_type", {"typ": "at+jwt"}, received)


@pytest.mark.parametrize("kid", ["other", 7], ids=repr)
def test_unknown_key(key, kid):
    assert refusal(forge(key, kid=kid)) == ("unknown_key", {}, {"alg": "EdDSA", "kid": kid})


def test_token_without_kid(key):
    assert refusal(forge(key, kid=None)) == ("unknown_key", {}, {"alg": "EdDSA"})


@pytest.mark.parametrize("alg", ["EdDSA", "HS256", "none"])
def test_bad_signature(key, alg):
    expected, received = {"alg": "EdDSA"}, {"alg": alg, "kid": key.kid}
    token = forge(key, sign=lambda message: bytes(64), alg=alg)
    assert refusal(token) == ("bad_signature", expected, received)


def test_signed_payload_that_is_no_object(key):
    expected, received = {"alg": "EdDSA"}, {"alg": "EdDSA", "kid": key.kid}
    assert refusal(forge(key, b"[1]")) == ("bad_signature", expected, received)


@pytest.mark.parametrize(
    ("iss", "received"), [(f"{ORIGIN}/", {"iss": f"{ORIGIN}/"}), (..., {})], ids=repr
)
def test_wrong_issuer(key, iss, received):
    assert refusal(with_claims(key, iss=iss)) == ("wrong_issuer", {"iss": ORIGIN}, received)


@pytest.mark.parametrize(("aud", "received"), [(["a"], {"aud": ["a"]}), (..., {})], ids=repr)
def test_wrong_audience(key, aud, received):
    assert refusal(with_claims(key, aud=aud)) == ("wrong_audience", {"aud": AUDIENCE}, received)


def test_expired(key):
    expected, received = {"exp": f"after {EXP}"}, {"exp": EXP}
    late = {"now": NOW + HOUR + 60 * SECOND}
    assert refusal(sign_jwt(CLAIMS, now=NOW), **late) == ("expired", expected, received)


def test_not_yet_valid(key):
    expected, received = {"nbf": f"up to {BEGINS - 3540}"}, {"nbf": BEGINS}
    assert refusal(with_claims(key, nbf=BEGINS)) == ("not_yet_valid", expected, received)


@pytest.mark.parametrize(
    ("name", "value", "received"),
    [("exp", "soon", {"exp": "soon"}), ("exp", ..., {}), ("nbf", None, {"nbf": None})],
    ids=repr,
)
def test_bad_claim(key, name, value, received):
    expected = {name: "a number"}
    assert refusal(with_claims(key, **{name: value})) == ("bad_claim", expected, received)


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [
        ({}, True),
        ({"typ": "JWT"}, True),
        ({"typ": "application/at+jwt"}, True),
        ({"typ": ""}, False),
        ({"typ": None}, False),
        ({"typ": "id+jwt"}, False),
    ],
    ids=str,
)
def test_type_may_be_one_of_several_or_left_out(header, is_accepted):
    if is_accepted:
        assert check_type(header, "at+jwt", "JWT", is_required=False) is None
        return
    with pytest.raises(InvalidToken) as caught:
        check_type(header, "at+jwt", "JWT", is_required=False)
    assert caught.value.expected == {"typ": "at+jwt or JWT"}


# For each reason, the header and the claims of a token that is refused for it at any time.
WRONG = {
    "malformed": ({"alg": None}, {}),
    "header_not_allowed": ({"crit": []}, {}),
    "wrong_type": ({"typ": "JWT"}, {}),
    "unknown_key": ({"kid": "other"}, {}),
    "bad_signature": ({"alg": "none"}, {}),
    "wrong_issuer": ({}, {"iss": f"{ORIGIN}/"}),
    "wrong_audience": ({}, {"aud": ORIGIN}),
    "expired": ({}, {"exp": 1}),
    "not_yet_valid": ({}, {"nbf": 2**40}),
    "bad_claim": ({}, {"exp": "soon"}),
}


@pytest.mark.parametrize("reason", REASONS)
def test_error_is_invalid_token_for_every_reason(key, rf, caplog, reason):
    caplog.set_level("INFO", "mcp_oauth_discovery")
    header, claims = WRONG[reason]
    token = forge(key, {"iss": ORIGIN, "aud": AUDIENCE, "exp": 2**40, **claims}, **header)
    request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
    response = BearerProtection("/mcp")(request)
    [challenge] = parse(response["WWW-Authenticate"])
    assert (response.status_code, challenge.parameters["error"]) == (401, "invalid_token")
    assert [record.reason for record in caplog.records] == [reason]


def test_page_lists_every_reason_in_order():
    table = section(read("docs/keys-reference.md"), "What `verify_jwt` refuses")
    reasons = [
        row.split("|")[2].strip(" `") for row in table.splitlines() if row.startswith("| `The ")
    ]
    assert reasons == list(REASONS)
