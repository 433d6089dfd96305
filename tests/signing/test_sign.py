"""What `sign_jwt` writes, by which key, and when it refuses to."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import ExceptionReporter

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import NoSigningKey, sign_jwt, verify_jwt
from mcp_oauth_discovery.signing.sign import LONGEST_CLAIMS
from tests import ORIGIN
from tests.keys import EC, HOUR, NOW, VECTORS, as_file, is_private_in
from tests.signing.tokens import AUDIENCE, CLAIMS, claims_of, decode, header_of, verify

pytestmark = pytest.mark.django_db


def test_what_is_signed_verifies(each):
    token = sign_jwt(CLAIMS, algorithm=each.algorithm, now=NOW)
    assert verify(token) == {"iss": ORIGIN, "iat": int(NOW.timestamp()), **CLAIMS}


def test_header_names_key_algorithm_and_type(each):
    token = sign_jwt(CLAIMS, algorithm=each.algorithm, now=NOW)
    assert header_of(token) == {"alg": each.algorithm, "kid": each.kid, "typ": "at+jwt"}


def test_signature_is_the_same_every_time(each):
    tokens = {sign_jwt(CLAIMS, algorithm=each.algorithm, now=NOW) for _ in range(3)}
    assert len(tokens) == 1


@pytest.mark.parametrize(("jti", "zero"), [(190, 0), (81, 32)], ids=["r", "s"])
def test_es256_signature_keeps_its_zero_octets(jti, zero):
    rotation.import_key(as_file(VECTORS[EC]), now=NOW)
    token = sign_jwt({"jti": jti}, algorithm="ES256", now=NOW)
    signature = decode(token.split(".")[2])
    assert (len(signature), signature[zero]) == (64, 0)


def test_first_algorithm_signs_by_default(settings, key):
    rotation.rotate("ES256", now=NOW)
    assert header_of(sign_jwt({}, now=NOW))["alg"] == "EdDSA"
    settings.MCP_SIGNING_ALGORITHMS = ["ES256", "EdDSA"]
    assert header_of(sign_jwt({}, now=NOW))["alg"] == "ES256"


def test_token_of_a_replaced_algorithm_is_still_valid(settings, key):
    token = sign_jwt(CLAIMS, now=NOW)
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    rotation.rotate("ES256", now=NOW)
    assert header_of(sign_jwt(CLAIMS, now=NOW))["alg"] == "ES256"
    assert verify(token)


def test_type_is_as_asked_for(key):
    assert header_of(sign_jwt({}, typ="logout+jwt", now=NOW))["typ"] == "logout+jwt"


def test_claims_are_not_changed(key):
    claims = dict(CLAIMS)
    sign_jwt(claims, now=NOW)
    assert claims == CLAIMS


def test_instant_of_issue_may_be_given(key):
    assert claims_of(sign_jwt({"iat": 7}, now=NOW))["iat"] == 7


def test_present_is_the_default(key):
    exp = int((datetime.now(timezone.utc) + HOUR).timestamp())
    assert verify_jwt(sign_jwt({**CLAIMS, "exp": exp}), audience=AUDIENCE)["exp"] == exp


# RFC 7638 §3.1 and RFC 9449 §6.1.
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_confirmation_binds_a_token_to_the_key_of_its_client(key):
    assert claims_of(sign_jwt(CLAIMS, cnf={"jkt": JKT}, now=NOW))["cnf"] == {"jkt": JKT}


def test_confirmation_that_the_claims_have_already_may_be_said_again(key):
    claims = {**CLAIMS, "cnf": {"jkt": JKT}}
    assert claims_of(sign_jwt(claims, cnf={"jkt": JKT}, now=NOW)) == claims_of(
        sign_jwt(claims, now=NOW)
    )


@pytest.mark.parametrize("cnf", [{"jkt": f"1{JKT[1:]}"}, {"x5t#S256": JKT}, None, {}])
def test_claims_with_another_confirmation_are_refused(key, cnf):
    with pytest.raises(ValueError, match="The claims have the cnf"):
        sign_jwt({**CLAIMS, "cnf": cnf}, cnf={"jkt": JKT}, now=NOW)


@pytest.mark.parametrize(
    "cnf",
    [
        {},
        {"jkt": JKT[:-1]},
        {"jkt": f"{JKT}A"},
        {"jkt": f"{JKT[:-1]}J"},
        {"jkt": f"{JKT[:-1]}="},
        {"jkt": f"{JKT}\n"},
        {"jkt": JKT.encode()},
        {"jkt": None},
        {"jkt": JKT, "x5t#S256": JKT},
        {"x5t#S256": JKT},
    ],
)
def test_confirmation_has_one_thumbprint_and_nothing_else(key, cnf):
    with pytest.raises(ValueError, match="SHA-256 thumbprint, 43 characters of base64url"):
        sign_jwt(CLAIMS, cnf=cnf, now=NOW)


@pytest.mark.parametrize("cnf", [JKT, [JKT], 7, [("jkt", JKT)]])
def test_confirmation_that_is_no_mapping_is_refused(key, cnf):
    with pytest.raises(TypeError, match=r"expected \{'jkt'"):
        sign_jwt(CLAIMS, cnf=cnf, now=NOW)


def test_issuer_may_be_said_again(key):
    assert claims_of(sign_jwt({"iss": ORIGIN}, now=NOW))["iss"] == ORIGIN


@pytest.mark.parametrize("iss", [f"{ORIGIN}/", "https://evil.test", "", None], ids=repr)
def test_another_issuer_is_refused(key, iss):
    with pytest.raises(ValueError, match=f"MCP_ISSUER is '{ORIGIN}'") as caught:
        sign_jwt({"iss": iss}, now=NOW)
    assert repr(iss) in str(caught.value)


@pytest.mark.parametrize(
    "issuer",
    [None, lambda request: ORIGIN, "app.example.com", 7],
    ids=["n", "callable", "bad", "7"],
)
@pytest.mark.parametrize(
    "act", [lambda: sign_jwt({}, now=NOW), lambda: verify("a.b.c")], ids=["sign", "verify"]
)
def test_issuer_has_to_be_pinned(settings, key, issuer, act):
    settings.MCP_ISSUER = issuer
    with pytest.raises(ImproperlyConfigured, match=r"MCP_ISSUER is .*MCP_ISSUER = "):
        act()


def test_want_of_a_key_names_the_command():
    with pytest.raises(NoSigningKey) as caught:
        sign_jwt({}, now=NOW)
    assert str(caught.value) == (
        "No EdDSA key is active. Run 'manage.py mcp_keys rotate --algorithm EdDSA'."
    )


def test_key_of_another_algorithm_does_not_help(key):
    with pytest.raises(NoSigningKey, match="--algorithm ES256"):
        sign_jwt({}, algorithm="ES256", now=NOW)


def test_key_that_cannot_be_decrypted_does_not_sign(settings, key):
    settings.SECRET_KEY = "another"
    with pytest.raises(NoSigningKey, match=r"cannot be decrypted.*mcp_keys reencrypt"):
        sign_jwt({}, now=NOW)


@pytest.mark.parametrize("change", [{"kty": 7}, {"x": "AAAA"}, {"x": None}, {"crv": "P-256"}])
def test_key_that_nobody_could_verify_does_not_sign(key, change):
    SigningKey.objects.filter(pk=key.pk).update(public_jwk={**key.public_jwk, **change})
    with pytest.raises(NoSigningKey, match=f"No token could be.*mcp_keys revoke.* {key.kid}"):
        sign_jwt({}, algorithm=key.algorithm, now=NOW)


def test_error_page_shows_nothing_private(rf, key):
    with pytest.raises(TypeError) as caught:
        sign_jwt({"sub": object()}, now=NOW)
    report = ExceptionReporter(rf.get("/"), TypeError, caught.value, caught.value.__traceback__)
    text = report.get_traceback_html()
    assert "sign_jwt" in text
    assert not is_private_in(text, key)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("place", [lambda n: {"exp": n}, lambda n: {"a": [{"b": n}]}])
def test_number_that_json_does_not_have_is_refused(key, number, place):
    with pytest.raises(ValueError, match="The claims cannot be written as JSON: "):
        sign_jwt(place(number), now=NOW)


def test_claims_that_are_nested_too_deep_are_refused(key):
    nested = []
    for _ in range(200_000):
        nested = [nested]
    with pytest.raises(ValueError, match="The claims cannot be written as JSON: "):
        sign_jwt({"a": nested}, now=NOW)


def padded(octets):
    """Return claims that are so many octets of JSON once `iss` and `iat` are in them."""
    claims = {"iss": ORIGIN, "iat": int(NOW.timestamp()), **CLAIMS, "pad": ""}
    short = len(json.dumps(claims, separators=(",", ":")))
    return {**CLAIMS, "pad": "x" * (octets - short)}


def test_longest_claims_that_are_signed_verify(each):
    claims = padded(LONGEST_CLAIMS)
    token = sign_jwt(claims, algorithm=each.algorithm, now=NOW)
    assert len(token.split(".")[1]) == 128_000
    assert verify(token)["pad"] == claims["pad"]


@pytest.mark.parametrize("more", [1, 100_000])
def test_claims_that_are_too_long_to_be_verified_are_refused(key, more):
    claims = padded(LONGEST_CLAIMS + more)
    with pytest.raises(ValueError, match=r"^The claims of the token would have \d+ characters"):
        sign_jwt(claims, now=NOW)


def test_longest_type_that_is_signed_verifies(each):
    # 384 octets of JSON are 512 characters in base64url.
    header = json.dumps({"alg": each.algorithm, "kid": each.kid, "typ": ""}, separators=(",", ":"))
    typ = "x" * (384 - len(header))
    token = sign_jwt(CLAIMS, algorithm=each.algorithm, typ=typ, now=NOW)
    assert verify(token, typ=typ)["sub"] == CLAIMS["sub"]
    with pytest.raises(ValueError, match="expected 512 at most"):
        sign_jwt(CLAIMS, algorithm=each.algorithm, typ=typ + "x", now=NOW)


@pytest.mark.parametrize("algorithm", ["HS256", "none", "", "eddsa", ["EdDSA"], 7], ids=repr)
def test_unknown_algorithm_is_refused(key, algorithm):
    with pytest.raises(ValueError, match="expected one of RS256, ES256, EdDSA") as caught:
        sign_jwt({}, algorithm=algorithm, now=NOW)
    assert repr(algorithm) in str(caught.value)


@pytest.mark.parametrize(("typ", "error"), [("", ValueError), (None, TypeError), (b"x", TypeError)])
def test_type_that_is_no_text_is_refused(key, typ, error):
    with pytest.raises(error, match=r"^typ is "):
        sign_jwt({}, typ=typ, now=NOW)
