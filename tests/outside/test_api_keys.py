"""API keys beside tokens, and what is wrong with a function that looks them up."""

from __future__ import annotations

from functools import partial

import pytest
from django.http import JsonResponse

from mcp_oauth_discovery.protection import bearer_required
from mcp_oauth_discovery.signing import InvalidToken, NotMine
from mcp_oauth_discovery.verifiers import ApiKey
from tests.outside.providers import MCP

KEYS = {"sk_ada": {"sub": "ada", "scope": "mcp"}}


def lookup(request, key):
    return KEYS.get(key)


async def alookup(request, key):
    return KEYS.get(key)


class Lookup:
    async def __call__(self, request, key):
        return KEYS.get(key)


@pytest.fixture
def call(rf):
    def call(verifier, key="sk_ada"):
        return verifier(rf.post("/mcp"), key, MCP)

    return call


@pytest.mark.parametrize(
    "function",
    [lookup, alookup, partial(alookup), Lookup()],
    ids=["function", "coroutine function", "partial", "object"],
)
def test_known_key_has_its_claims_and_an_unknown_one_is_refused(call, function):
    verifier = ApiKey(function, prefix="sk_")
    assert call(verifier) == KEYS["sk_ada"]
    with pytest.raises(InvalidToken) as caught:
        call(verifier, "sk_bob")
    assert type(caught.value) is InvalidToken
    assert caught.value.reason == "unknown_key"


def test_other_prefix_is_not_looked_up(call):
    verifier = ApiKey(lambda request, key: pytest.fail("It was looked up."), prefix="sk_")
    for token in ("ada", "SK_ada", " sk_ada", ""):
        with pytest.raises(NotMine):
            call(verifier, token)


def test_without_a_prefix_every_token_is_looked_up(call):
    looked = []
    verifier = ApiKey(lambda request, key: looked.append(key))
    for token in ("sk_ada", "a.b.c"):
        with pytest.raises(InvalidToken):
            call(verifier, token)
    assert looked == ["sk_ada", "a.b.c"]


@pytest.mark.parametrize("value", [True, False, "the secret", 7, ["sub"], object()])
def test_lookup_that_returns_no_claims_is_an_error_of_the_site(call, value):
    text = f"The lookup of ApiKey returned {type(value).__name__}. Return the claims"
    with pytest.raises(TypeError, match=text) as caught:
        call(ApiKey(lambda request, key: value))
    assert "the secret" not in str(caught.value)


def test_claims_may_be_empty(call):
    assert call(ApiKey(lambda request, key: {})) == {}


def test_repr_has_the_prefix(call):
    assert repr(ApiKey(dict, "sk_")) == "ApiKey(<class 'dict'>, 'sk_')"


def test_key_opens_a_protected_view(rf, settings):
    settings.MCP_ISSUER = "https://app.example.com"

    @bearer_required("/mcp", scope="mcp", verify=ApiKey(lookup, prefix="sk_"))
    def view(request):
        return JsonResponse(dict(request.mcp_claims))

    for key, status in (("sk_ada", 200), ("sk_bob", 401), ("other", 401)):
        request = rf.post("/mcp", headers={"authorization": f"Bearer {key}"})
        assert view(request).status_code == status
