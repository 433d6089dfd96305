"""`mcp_keys retire`"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from tests.mcp_keys.command import REFUSED_AT_FIRST, active, ago, document, mcp_keys

pytestmark = pytest.mark.django_db


def test_retire_says_until_when_it_stays_and_who_signs(key):
    said = mcp_keys("retire", key.kid).splitlines()
    key.refresh_from_db()
    assert said == [
        f"Retired {key.kid}. It stays in the JWK Set until {stamp(key.expires_at)}.",
        f"{active().kid} now signs EdDSA tokens.",
        REFUSED_AT_FIRST,
    ]
    assert key.state() is State.RETIRED


def test_retire_hands_over_to_the_pending_key(key):
    successor = rotation.rotate("EdDSA")
    said = mcp_keys("retire", key.kid).splitlines()
    assert said[1:] == [
        f"{successor.kid} now signs EdDSA tokens.",
        REFUSED_AT_FIRST,
    ]
    assert active() == successor


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_successor_that_every_cached_copy_has_is_refused_by_nobody(command):
    first = rotation.rotate("EdDSA", now=ago(2))
    successor = rotation.rotate("EdDSA", now=timezone.now() - timedelta(seconds=306))
    said = mcp_keys(command, first.kid).splitlines()
    assert said[1:] == [f"{successor.kid} now signs EdDSA tokens."]


def test_retire_of_an_algorithm_that_is_not_configured_says_that_nothing_signs():
    key = rotation.rotate("ES256")
    said = mcp_keys("retire", key.kid)
    assert said.endswith("No key signs ES256 tokens now.\n")
    assert active("ES256") is None


def test_retire_without_successor_as_json():
    key = rotation.rotate("ES256")
    assert document("retire", key.kid)["successor"] is None


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry-run", "in-earnest"])
def test_retire_of_an_unknown_algorithm_says_that_the_key_signs_nothing(key, options):
    SigningKey.objects.update(algorithm="Ed448")
    first, second = mcp_keys("retire", key.kid, *options).splitlines()
    verb = "Would retire" if options else "Retired"
    assert first == (
        f"{verb} {key.kid}. The algorithm Ed448 is unknown: the key is not in the JWK Set, and "
        "signs nothing."
    )
    assert second.startswith("No key ")
