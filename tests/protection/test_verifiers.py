"""`verify`: one verifier or several, sync or async, and what each outcome becomes."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.protection import BearerProtection, InvalidToken, NotMine, Unavailable
from mcp_oauth_discovery.signing.refusals import RETRY_AFTER
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
        request = rf.post("/mcp", headers={"authorization": f"Bearer {token}"})
        refusal = BearerProtection("/mcp", verify=verify)(request)
        return request.mcp_claims["verifier"] if refusal is None else refusal

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
