"""`verify`: one verifier or several, sync or async, and what each outcome becomes."""

from __future__ import annotations

import base64
import json
import time

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.protection import (
    BearerProtection,
    InvalidToken,
    NotMine,
    Unavailable,
    verify_token,
)
from mcp_oauth_discovery.signing import sign_jwt
from mcp_oauth_discovery.signing.refusals import RETRY_AFTER
from tests import ORIGIN
from tests.protection.conftest import call, challenge
from tests.protection.test_scopes import ask

__all__ = ["ask"]


def mine(prefix):
    """Return a verifier that recognises tokens by their beginning."""

    def verify(request, token, resource):
        if not token.startswith(prefix):
            raise NotMine
        if token.endswith("bad"):
            raise InvalidToken(f"{prefix} says no")
        return {"sub": token, "verifier": prefix}

    return verify


async def coroutine(request, token, resource):
    return mine("c-")(request, token, resource)


class Awaited:
    async def __call__(self, request, token, resource):
        return mine("o-")(request, token, resource)


VERIFIERS = [mine("a-"), coroutine, Awaited(), lambda *args: coroutine(*args), mine("b-")]


@pytest.fixture
def claims(rf):
    def claims(token, verify=VERIFIERS):
        headers = {"authorization": f"Bearer {token}", "host": "app.example.com"}
        request = rf.post("/mcp", headers=headers, secure=True)
        refusal = BearerProtection("/mcp", verify=verify)(request)
        return request.mcp_claims.get("verifier", "own") if refusal is None else refusal

    return claims


@pytest.mark.parametrize("prefix", ["a-", "b-", "c-", "o-"])
def test_first_verifier_that_recognises_the_token_decides(claims, prefix):
    assert claims(f"{prefix}7") == prefix
    assert challenge(claims(f"{prefix}bad"))[1]["error_description"] == f"{prefix} says no"


def test_token_that_no_verifier_recognises_is_invalid(claims):
    status, parameters = challenge(claims("z-7"))
    assert (status, parameters["error"]) == (401, "invalid_token")
    assert parameters["error_description"] == "No known issuer has issued the token"


def test_single_verifier_may_not_recognise_the_token(claims):
    assert challenge(claims("z-7", mine("a-")))[0] == 401


def test_later_verifiers_are_not_asked(claims):
    def never(request, token, resource):
        raise AssertionError

    assert claims("a-7", (mine("a-"), never)) == "a-"
    assert challenge(claims("a-bad", (mine("a-"), never)))[0] == 401


@pytest.mark.parametrize("verify", [[], (), [7], "verify", None, {"a": mine("a-")}])
def test_wrong_value_is_refused_when_the_project_is_loaded(verify):
    with pytest.raises(TypeError, match="expected a verifier, or a list"):
        BearerProtection(verify=verify)


def test_verifier_that_finds_no_claims_refuses_the_token(ask):
    refusal = ask(call("read"), "mcp", verify=lambda *args: None, public=lambda operation: True)
    assert challenge(refusal)[0] == 401


@pytest.mark.parametrize("value", [True, "claims", ["sub"]])
def test_verifier_that_returns_no_claims_is_a_fault_of_the_site(ask, caplog, value):
    assert ask(call("read"), "mcp", verify=lambda *args: value).status_code == 500
    assert "expected a dict of claims" in caplog.text


def test_text_of_an_outage_is_for_the_log_and_never_has_the_token(ask, caplog):
    def verify(request, token, resource):
        raise Unavailable(f"down\nfor {token}")

    refusal = ask(call("read"), "a-secret-that-is-long", verify=verify)
    assert (refusal.status_code, refusal["Retry-After"]) == (503, str(RETRY_AFTER))
    [record] = caplog.records
    assert record.getMessage().endswith("down\\nfor ********")
    assert b"down" not in refusal.content


@pytest.mark.parametrize("seconds", [-1, True, "7", 1.5, None])
def test_time_to_retry_after_is_a_number_of_seconds(seconds):
    with pytest.raises(ValueError, match="expected a number of seconds"):
        Unavailable(retry_after=seconds)


@pytest.fixture
def tokens(settings):
    """Return tokens of this site: one that is valid, and one for another resource."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA")
    exp = int(time.time()) + 600
    return [
        sign_jwt({"sub": "7", "aud": f"{ORIGIN}/{path}", "exp": exp}) for path in ("mcp", "other")
    ]


def jwt(**claims):
    """Return a JWT with these claims, which nobody has signed."""
    parts = ({"alg": "EdDSA", "typ": "JWT", "kid": "1"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([part.rstrip("=") for part in encoded] + ["c2ln"])


def every(request, token, resource):
    return {"sub": "7", "verifier": "every"}


@pytest.mark.django_db
def test_tokens_of_this_site_are_decided_by_its_own_verifier(claims, tokens):
    valid, other = tokens
    status, parameters = challenge(claims(other, [verify_token, every]))
    assert (status, parameters["error_description"]) == (
        401,
        "The token is not valid for this resource",
    )
    forged = jwt(iss=ORIGIN, aud=f"{ORIGIN}/mcp")
    assert challenge(claims(forged, [verify_token, every]))[0] == 401
    assert claims(valid, [verify_token, every]) == "own"


@pytest.mark.parametrize("token", ["opaque", "a.b.c", jwt(iss="https://other.example"), jwt()])
def test_own_verifier_leaves_other_tokens_to_the_next(claims, token):
    assert claims(token, [verify_token, every]) == "every"
    assert challenge(claims(token, [verify_token]))[0] == 401


def test_site_without_a_pinned_issuer_leaves_all_tokens_to_the_next(claims, settings, caplog):
    del settings.MCP_ISSUER
    assert claims("opaque", [verify_token, every]) == "every"
    assert [record.event for record in caplog.records] == ["tokens.unverifiable"]
