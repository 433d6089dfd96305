"""Tokens that must verify do, tokens that must not do not, whatever a verifier has in its cache."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from tests.verifiers import ALGORITHMS
from tests.verifiers.conftest import History, MakeVerifier
from tests.verifiers.libraries import BadSignature, UnknownKey, Verifier
from tests.verifiers.site import Site

pytestmark = [
    pytest.mark.clients,
    # joserfc warns of the name EdDSA (RFC 9864), which is the one that verifiers know.
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

Fresh = Callable[[Site], Verifier]
Cached = Callable[[History], Verifier]


@pytest.fixture(params=["rotated", "retired", "revoked"])
def history(request: pytest.FixtureRequest) -> History:
    return request.getfixturevalue(request.param)


def header(token: str) -> dict[str, str]:
    encoded = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))


def tampered(token: str) -> str:
    """Return a token that says the same, with a signature that is not of these octets."""
    head, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    altered = json.dumps({**decoded, "sub": "somebody else"}).encode()
    return ".".join([head, base64.urlsafe_b64encode(altered).rstrip(b"=").decode(), signature])


def test_tokens_of_each_algorithm_are_signed_by_it(history: History, algorithm: str):
    for tokens in (history.old, history.new):
        assert header(tokens[algorithm])["alg"] == algorithm


def test_another_key_signs_after_each_change(history: History, algorithm: str):
    kids = {header(tokens[algorithm])["kid"] for tokens in (history.old, history.new)}
    assert len(kids) == 2


def test_token_of_the_active_key_verifies(history: History, fresh: Fresh, algorithm: str):
    claims = fresh(history.site).verify(history.new[algorithm])
    assert claims["sub"] == "somebody"


def test_tampered_token_is_refused(history: History, fresh: Fresh, algorithm: str):
    with pytest.raises(BadSignature):
        fresh(history.site).verify(tampered(history.new[algorithm]))


def test_rotation_goes_unnoticed_by_a_cache_from_before(
    rotated: History, cached: Cached, algorithm: str
):
    verifier = cached(rotated)
    before = rotated.site.requests()
    for token in (rotated.new[algorithm], rotated.old[algorithm]):
        assert verifier.verify(token)["sub"] == "somebody"
    assert rotated.site.requests() == before


@pytest.mark.parametrize("change", ["rotated", "retired"])
def test_old_token_verifies_after_the_retirement_of_its_key(
    request: pytest.FixtureRequest, change: str, fresh: Fresh, algorithm: str
):
    history: History = request.getfixturevalue(change)
    assert fresh(history.site).verify(history.old[algorithm])["sub"] == "somebody"


def test_retired_keys_are_still_served(retired: History):
    site = retired.site
    assert site.served() == {*site.keys("active"), *site.keys("retired")}


def test_unknown_key_is_fetched_with_one_request(retired: History, cached: Cached, algorithm: str):
    verifier = cached(retired)
    before = retired.site.requests()
    for token in (retired.new[algorithm], retired.old[algorithm]):
        assert verifier.verify(token)["sub"] == "somebody"
    assert retired.site.requests() == before + 1


def test_revoked_keys_are_not_served(revoked: History):
    assert revoked.site.served() == set(revoked.site.keys("active"))
    assert len(revoked.site.keys("revoked")) == len(ALGORITHMS)


def test_old_token_is_refused_after_a_revocation(revoked: History, fresh: Fresh, algorithm: str):
    with pytest.raises(UnknownKey):
        fresh(revoked.site).verify(revoked.old[algorithm])


def test_cache_outlives_a_revocation_until_it_is_filled_anew(
    revoked: History, cached: Cached, algorithm: str
):
    verifier = cached(revoked)
    # That is why `mcp_keys revoke` says until when copies can be in use.
    assert verifier.verify(revoked.old[algorithm])["sub"] == "somebody"
    assert verifier.verify(revoked.new[algorithm])["sub"] == "somebody"
    with pytest.raises(UnknownKey):
        verifier.verify(revoked.old[algorithm])


@pytest.mark.parametrize("change", ["rotated", "retired", "revoked"])
def test_one_cache_serves_all_algorithms(
    request: pytest.FixtureRequest, change: str, make_verifier: MakeVerifier, library: str
):
    history: History = request.getfixturevalue(change)
    verifier = make_verifier(library, history.site)
    before = history.site.requests()
    for algorithm in ALGORITHMS:
        verifier.verify(history.new[algorithm])
    assert history.site.requests() == before + 1
