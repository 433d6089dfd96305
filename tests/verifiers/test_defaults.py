"""PyJWKClient and createRemoteJWKSet as they come, with their own rules for when to fetch.

Both keep a JWK Set for some minutes, whatever its max-age is (five and ten), and leave half a
minute between two requests when they meet a key that is not in it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.verifiers.conftest import PUBLISH_AHEAD, History
from tests.verifiers.libraries import Aging, UnknownKey

pytestmark = [
    pytest.mark.clients,
    # joserfc, which fills a cache of its own, warns of the name EdDSA (RFC 9864).
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

Untouched = Callable[[History], Aging]

MINUTE = 60


def test_rotation_needs_no_request_while_the_cache_is_kept(
    rotated: History, untouched: Untouched, algorithm: str
):
    verifier = untouched(rotated)
    before = rotated.site.requests()
    for age in (0, 4 * MINUTE):
        verifier.age(age)
        for tokens in (rotated.new, rotated.old):
            assert verifier.verify(tokens[algorithm])["sub"] == "somebody"
    assert rotated.site.requests() == before


def test_cache_from_before_a_publication_is_over_before_the_new_key_signs(
    revoked: History, untouched: Untouched, algorithm: str
):
    # Here the new key signs at once. After a rotation it does so when the cache is a day old.
    verifier = untouched(revoked)
    before = revoked.site.requests()
    verifier.age(PUBLISH_AHEAD.total_seconds())
    assert verifier.verify(revoked.new[algorithm])["sub"] == "somebody"
    with pytest.raises(UnknownKey):
        verifier.verify(revoked.old[algorithm])
    assert revoked.site.requests() == before + 1


def test_key_that_signs_unannounced_is_unknown_until_the_pause_is_over(
    retired: History, untouched: Untouched, algorithm: str
):
    verifier = untouched(retired)
    before = retired.site.requests()
    verifier.age(0)
    with pytest.raises(UnknownKey):
        verifier.verify(retired.new[algorithm])
    assert verifier.verify(retired.old[algorithm])["sub"] == "somebody"
    assert retired.site.requests() == before
    verifier.age(MINUTE)
    assert verifier.verify(retired.new[algorithm])["sub"] == "somebody"
    assert retired.site.requests() == before + 1
