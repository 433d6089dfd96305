"""What `mcp_discovery token` says about a token itself: one verdict for each rule of this site."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor.project.tokens.verdicts import near_miss
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.models import FormerKey, SigningKey
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN
from tests.keys import DAY, HOUR, broken_database
from tests.signing.tokens import encode, forge

pytestmark = pytest.mark.django_db

RULES = ["form", "header", "typ", "key", "alg", "signature", "iss", "exp", "nbf", "iat", "cnf"]


def seconds(distance):
    return int((timezone.now() + distance).timestamp())


def claims(**changed):
    merged = {"iss": ORIGIN, "aud": f"{ORIGIN}/mcp", "exp": seconds(HOUR), "scope": "mcp"}
    return {**merged, **changed}


def outcome(verdict):
    return verdict["outcome"], verdict["reason"]


def test_good_token_passes_every_rule(token, explained):
    get_user_model().objects.create_user("ada", pk=7)
    told = explained(token())
    assert [one["rule"] for one in told.document["rules"]] == RULES
    assert {one["outcome"] for one in told.document["rules"]} == {"pass", "info"}
    assert (told.document["ok"], told.document["verified"], told.message) == (True, True, "")


def test_every_rule_is_judged_after_the_first_has_failed(key, explained):
    bad = claims(iss="https://evil.example", exp=5, nbf=seconds(HOUR), cnf={})
    told = explained(forge(key, bad, typ="JWT", crit=["x"], sign=lambda message: bytes(64)))
    reasons = {one["rule"]: one["reason"] for one in told.document["rules"] if one["reason"]}
    assert reasons == {
        "header": "header_not_allowed",
        "typ": "wrong_type",
        "signature": "bad_signature",
        "iss": "wrong_issuer",
        "exp": "expired",
        "nbf": "not_yet_valid",
        "cnf": "sender_constrained",
    }
    assert told.document["verified"] is False


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (
            "opaque",
            "The token is not a JWT but a text of 6 characters: opaque, or a refresh token.",
        ),
        ("a.b", "The token is not a JWT but a text of 3 characters: opaque, or a refresh token."),
        ("a.b.c", "The token is not a JWT but a text of 5 characters: opaque, or a refresh token."),
        (f"{encode({'enc': 'A256GCM'})}.a.b.c.d", "The token is encrypted (JWE, 32 characters)."),
        (f"{encode({'alg': 'EdDSA'})}.~.c", "The token is malformed"),
        (f"{encode({'typ': 'x'})}.e30.e30", "The token is malformed"),
    ],
    ids=["opaque", "two-parts", "three-parts", "jwe", "payload", "no-alg"],
)
@pytest.mark.usefixtures("key")
def test_other_form_is_described(explained, written, text):
    told = explained(written)
    assert outcome(told.rule("form")) == ("fail", "malformed")
    assert told.rule("form")["text"].startswith(text)
    assert told.rule("form")["fix"]
    assert told.document["ok"] is False


@pytest.mark.usefixtures("key")
def test_rules_that_cannot_be_judged_are_skipped_with_the_reason(explained):
    told = explained("opaque-token")
    skipped = [one for one in told.document["rules"] if one["rule"] != "form"]
    assert {one["outcome"] for one in skipped} == {"skipped"}
    assert all(one["text"] for one in skipped)


def test_signature_of_a_malformed_token_is_skipped(key, explained):
    broken = f"{encode({'alg': 'EdDSA', 'kid': key.kid, 'typ': 'at+jwt'})}.~~.e30"
    assert explained(broken).rule("signature")["outcome"] == "skipped"


@pytest.mark.parametrize(
    ("changed", "fix"),
    [
        ({}, "Issue access tokens with typ at+jwt"),
        ({"nonce": "n"}, "This looks like an ID token."),
        ({"typ": "ID"}, "This looks like an ID token."),
        ({"typ": "Refresh"}, "This is a refresh token."),
    ],
    ids=str,
)
def test_other_type_is_described(token, explained, changed, fix):
    verdict = explained(token(header_type="JWT", **changed)).rule("typ")
    assert outcome(verdict) == ("fail", "wrong_type")
    assert verdict["text"] == "The token is of another type: received typ JWT, expected typ at+jwt."
    assert verdict["fix"].startswith(fix)


def test_active_key_is_described(token, key, explained):
    text = explained(token()).rule("key")["text"]
    assert text.startswith(f"{key.kid} is active: published, and signs since 2")


def test_report_has_english_dates_on_a_german_site(settings, token, key, explained):
    settings.LANGUAGE_CODE = "de"
    told = explained(token())
    assert f"{key.activates_at:%Y-%m-%d}" in told.rule("key")["text"]
    assert "minutes" in told.rule("exp")["text"]


def test_pending_key_is_described(key, explained):
    successor = rotation.rotate("EdDSA")
    told = explained(forge(successor, claims()))
    assert told.rule("key")["outcome"] == told.rule("signature")["outcome"] == "pass"
    assert f"{successor.kid} is pending: published, and signs from" in told.rule("key")["text"]


def test_retired_key_is_described(token, key, explained):
    signed = token()
    rotation.retire(key)
    told = explained(signed)
    assert told.rule("key")["outcome"] == "pass"
    assert f"{key.kid} is retired: no longer signs, and published until" in told.rule("key")["text"]


def test_expired_key_is_described_and_its_signature_judged(token, key, explained):
    signed = token()
    now = timezone.now()
    SigningKey.objects.update(retires_at=now - 3 * DAY, expires_at=now - DAY)
    told = explained(signed)
    assert outcome(told.rule("key")) == ("fail", "unknown_key")
    assert f"{key.kid} expired: it left the JWK Set" in told.rule("key")["text"]
    assert told.rule("signature")["outcome"] == "pass"
    assert told.document["verified"] is False


def test_revoked_key_is_described(token, key, explained):
    signed = token()
    rotation.revoke(key)
    verdict = explained(signed).rule("key")
    assert outcome(verdict) == ("fail", "unknown_key")
    assert verdict["text"].startswith(f"{key.kid} was revoked 0 seconds ago (2")


def test_deleted_key_is_described(key, explained):
    FormerKey.objects.create(kid="former", deleted_at=timezone.now() - DAY)
    told = explained(forge(key, claims(), kid="former"))
    assert told.rule("key")["text"].startswith("former was deleted 1 day ago (2")
    assert outcome(told.rule("key")) == ("fail", "unknown_key")
    assert told.rule("signature")["outcome"] == "skipped"


@pytest.mark.parametrize("kid", ["nobody", "x" * 65, "nul\0", "", "FORMER"], ids=repr)
def test_unknown_key_is_described(key, explained, kid):
    FormerKey.objects.create(kid="former", deleted_at=timezone.now())
    verdict = explained(forge(key, claims(), kid=kid)).rule("key")
    assert outcome(verdict) == ("fail", "unknown_key")
    assert "and no record that it had one" in verdict["text"]


def test_kid_is_compared_exactly(key, explained):
    verdict = explained(forge(key, claims(), kid=key.kid.swapcase())).rule("key")
    assert outcome(verdict) == ("fail", "unknown_key")


@pytest.mark.parametrize(
    ("kid", "text"), [(None, "The header has no kid."), (7, "kid is 7, which is not a string.")]
)
def test_header_without_a_kid_is_described(key, explained, kid, text):
    verdict = explained(forge(key, claims(), kid=kid)).rule("key")
    assert (verdict["text"], verdict["reason"]) == (text, "unknown_key")


def test_key_that_the_jwk_set_leaves_out_is_described(token, key, explained):
    signed = token()
    SigningKey.objects.filter(pk=key.pk).update(public_jwk={"kty": "OKP"})
    verdict = explained(signed).rule("key")
    assert verdict["text"] == f"The JWK Set leaves {key.kid} out: the public JWK is malformed."
    assert verdict["fix"].endswith(f"mcp_keys revoke {key.kid}'.")


def test_database_that_cannot_be_read_is_described(token, explained):
    signed = token()
    with broken_database():
        verdict = explained(signed).rule("key")
    assert verdict["text"].startswith("The keys cannot be read. OperationalError: ")
    assert verdict["fix"] == "Check the database. Has 'manage.py migrate' been run?"


@pytest.mark.parametrize("alg", ["HS256", "none", 7])
def test_algorithm_of_another_key_is_described(key, explained, alg):
    told = explained(forge(key, claims(), alg=alg))
    assert outcome(told.rule("alg")) == ("fail", "bad_signature")
    assert told.rule("alg")["text"].startswith(f"alg is {alg}; expected EdDSA")
    assert told.rule("signature")["outcome"] == "skipped"


def test_wrong_signature_is_described(key, explained):
    told = explained(forge(key, claims(), sign=lambda message: bytes(64)))
    assert outcome(told.rule("signature")) == ("fail", "bad_signature")


def test_cause_of_a_wrong_signature_is_named(key, explained):
    text = explained(forge(key, b"[1")).rule("signature")["text"]
    assert text.endswith("alg EdDSA. Expecting ',' delimiter: line 1 column 3 (char 2)")


def test_near_miss_of_the_issuer_is_named(key, explained):
    verdict = explained(forge(key, claims(iss=f"{ORIGIN}/"))).rule("iss")
    assert verdict["fix"] == "They differ only in the final slash."
    verdict = explained(forge(key, claims(iss="https://b.example"))).rule("iss")
    assert "RemoteIssuer" in verdict["fix"]


def test_site_without_a_pinned_issuer_is_described(project, token, explained, caplog):
    signed = token()
    project.MCP_ISSUER = None
    told = explained(signed, "--host", "app.example.com")
    text = "This site can have issued no token. MCP_ISSUER is None: "
    assert outcome(told.rule("iss")) == ("fail", "not_pinned")
    assert told.rule("iss")["text"].startswith(text)
    assert told.rule("iss")["fix"].startswith("Write the https URL of this site")
    assert told.document["ok"] is False
    assert caplog.records == []


def test_site_whose_tokens_come_from_elsewhere_has_no_rules_about_its_own(project, explained):
    project.MCP_ISSUER = None
    project.MCP_RESOURCES = {}
    project.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    told = explained(f"{encode({'alg': 'EdDSA', 'kid': 'x'})}.{encode(claims())}.c2lnbmF0dXJl")
    skipped = [one["rule"] for one in told.document["rules"] if one["outcome"] == "skipped"]
    assert skipped == ["typ", "key", "alg", "signature", "iss"]
    assert "MCP_AUTHORIZATION_SERVERS names another server" in told.rule("key")["text"]


def test_site_with_an_issuer_judges_its_own_tokens_beside_others(project, token, explained):
    project.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    assert outcome(explained(token()).rule("signature")) == ("pass", None)


@pytest.mark.parametrize(
    ("distance", "outcome", "text"),
    [
        (timedelta(days=40, seconds=30), "pass", "The token expires in 40 days (2"),
        (timedelta(seconds=-30), "pass", "The token expired 30 seconds ago (2"),
        (timedelta(hours=-2, seconds=-30), "fail", "The token expired 2 hours ago (2"),
    ],
    ids=str,
)
def test_expiry_is_in_words(key, explained, distance, outcome, text):
    verdict = explained(forge(key, claims(exp=seconds(distance)))).rule("exp")
    assert (verdict["outcome"], verdict["text"].startswith(text[:25])) == (outcome, True)


@pytest.mark.parametrize(
    ("value", "outcome", "reason"),
    [
        (1e300, "pass", None),
        (10**400, "pass", None),
        (-1e300, "fail", "expired"),
        ("soon", "fail", "bad_claim"),
        (None, "fail", "bad_claim"),
        (True, "fail", "bad_claim"),
        (float("nan"), "fail", "bad_claim"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_strange_expiry_is_judged(key, explained, value, outcome, reason):
    verdict = explained(forge(key, claims(exp=value))).rule("exp")
    assert (verdict["outcome"], verdict["reason"]) == (outcome, reason)


@pytest.mark.parametrize(
    ("value", "outcome", "text"),
    [
        (lambda: seconds(-HOUR), "pass", "The token became valid 1 hour ago (2"),
        (lambda: seconds(timedelta(seconds=30)), "pass", "The token becomes valid in"),
        (lambda: seconds(HOUR), "fail", "The token becomes valid in"),
        (lambda: 1e300, "fail", "The token becomes valid in the far future."),
        (lambda: -1e300, "pass", "The token became valid."),
        (lambda: "soon", "fail", "The token has no valid nbf: received nbf soon"),
    ],
)
def test_start_is_in_words(key, explained, value, outcome, text):
    verdict = explained(forge(key, claims(nbf=value()))).rule("nbf")
    assert verdict["outcome"] == outcome
    assert verdict["text"].startswith(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda: seconds(-HOUR), "The token was issued 1 hour ago (2"),
        (lambda: seconds(HOUR), "The token says that it will be issued in"),
        (lambda: "then", "The token does not say when it was issued."),
    ],
)
def test_issue_is_in_words_and_no_rule(key, explained, value, text):
    verdict = explained(forge(key, claims(iat=value()))).rule("iat")
    assert verdict["outcome"] == "info"
    assert verdict["text"].startswith(text)


def test_token_that_needs_a_proof_is_refused(token, explained):
    told = explained(token(cnf={"jkt": "x"}))
    assert outcome(told.rule("cnf")) == ("fail", "sender_constrained")
    assert told.of_view("/mcp", "verify")[0]["reason"] == "sender_constrained"
    assert told.document["ok"] is False


@pytest.mark.parametrize("place", ["/proofs", "/strict-proofs"])
def test_token_that_is_bound_to_a_key_is_accepted_with_a_proof(token, explained, place):
    told = explained(token(place, cnf={"jkt": "x"}), "--resource", place)
    assert outcome(told.of_view(place, "cnf")[0]) == ("pass", None)
    assert "only with a DPoP proof" in told.of_view(place, "cnf")[0]["text"]
    assert told.document["ok"] is True


@pytest.mark.parametrize(
    ("place", "claims", "reason"),
    [
        ("/proofs", {"cnf": {"x5t#S256": "x"}}, "sender_constrained"),
        ("/proofs", {"cnf": None}, "not_bound"),
        ("/strict-proofs", {}, "dpop_required"),
    ],
)
def test_token_that_no_proof_helps_is_refused(token, explained, place, claims, reason):
    told = explained(token(place, **claims), "--resource", place)
    assert outcome(told.of_view(place, "cnf")[0]) == ("fail", reason)
    assert told.document["ok"] is False


def test_bearer_token_needs_no_proof_where_dpop_is_accepted(token, explained):
    told = explained(token("/proofs"), "--resource", "/proofs")
    assert (told.of_view("/proofs", "cnf"), told.document["ok"]) == ([], True)


def test_embedded_key_is_named_without_its_value(key, explained):
    evil = jwk.public_jwk(jwk.generate("EdDSA"), "EdDSA")
    verdict = explained(forge(key, claims(), jwk=evil)).rule("header")
    assert outcome(verdict) == ("fail", "header_not_allowed")
    assert evil["x"] not in verdict["text"]


@pytest.mark.parametrize(
    ("received", "difference"),
    [
        (f"{ORIGIN}/mcp/", "the final slash"),
        ("http://app.example.com/mcp", "http and https"),
        ("https://APP.example.com/mcp", "capital letters"),
        ("https://app.example.com:443/mcp", "the default port"),
        (f" {ORIGIN}/mcp", "spaces around it"),
        ("HTTP://app.example.com:80/MCP/ ", None),
        (f"{ORIGIN}/mcp2", ""),
        (f"{ORIGIN}/mcp", ""),
        (7, ""),
        (None, ""),
    ],
    ids=repr,
)
def test_identifiers_that_look_the_same_are_compared(received, difference):
    sentence = near_miss(received, f"{ORIGIN}/mcp")
    if difference is None:
        assert sentence.count(" and in ") == 4
    else:
        assert sentence == (f"They differ only in {difference}." if difference else "")


def test_near_miss_of_the_audience_is_named(token, explained):
    told = explained(token(aud=["https://b.example", f"{ORIGIN}/mcp/"]))
    [verdict] = told.resource("/mcp")["rules"]
    assert outcome(verdict) == ("fail", "wrong_audience")
    assert verdict["fix"].startswith("They differ only in the final slash. Identifiers are")
    [other] = told.resource("/plain")["rules"]
    assert other["fix"].startswith("Clients request a token for this resource with resource=")


def test_token_of_this_site_for_another_purpose_is_described(key, explained):
    told = explained(sign_jwt({"aud": f"{ORIGIN}/mcp"}))
    assert told.rule("exp")["text"] == "The token has no valid exp: expected exp a number."
