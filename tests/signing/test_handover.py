"""Which key signs around a handover, where the clocks of hosts differ."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import NoSigningKey, sign_jwt
from mcp_oauth_discovery.signing.sign import find_signing_key
from tests.keys import DAY, HOUR, NOW, SECOND, TICK, make_key
from tests.signing.tokens import CLAIMS, claims_of, header_of, verify

pytestmark = pytest.mark.django_db


def signer(now, exp=None, algorithm="EdDSA"):
    return find_signing_key(algorithm, exp, now)


@pytest.mark.parametrize(
    ("after", "number"),
    [
        pytest.param(timedelta(0), 0, id="published"),
        pytest.param(DAY - TICK, 0, id="before-the-handover"),
        pytest.param(DAY, 1, id="at-the-handover"),
    ],
)
def test_active_key_signs(pair, after, number):
    assert signer(NOW + after, (NOW + after + HOUR).timestamp()) == pair[number]


def test_token_that_would_outlive_the_old_key_is_signed_by_the_successor(pair):
    # The old key leaves the set at NOW + 3 days.
    now, last = NOW + DAY - 60 * SECOND, NOW + 3 * DAY - 120 * SECOND
    assert signer(now, last.timestamp()) == pair[0]
    assert signer(now, (last + SECOND).timestamp()) == pair[1]


@pytest.mark.parametrize("life", [2 * DAY, 2 * DAY + SECOND, 30 * DAY, 3650 * DAY], ids=str)
def test_pending_key_signs_minutes_ahead_of_its_time_and_no_sooner(pair, life):
    now = NOW + DAY - 240 * SECOND
    assert signer(now, (now + life).timestamp()) == pair[0]


def test_token_that_outlives_the_retention_is_signed_by_the_active_key(pair):
    # No key is kept for so long: that is no reason to have another one sign.
    now = NOW + DAY - SECOND
    longest = now + 2 * DAY + 120 * SECOND
    assert signer(now, longest.timestamp()) == pair[1]
    assert signer(now, (longest + SECOND).timestamp()) == pair[0]


def test_retention_that_counts_is_the_one_that_the_key_has_got(pair, settings):
    settings.MCP_KEY_RETENTION = 30 * DAY
    now = NOW + DAY - 60 * SECOND
    assert signer(now, (now + 2 * DAY).timestamp()) == pair[1]
    assert signer(now, (now + 30 * DAY).timestamp()) == pair[0]


@pytest.mark.parametrize("zone", [timezone.utc, None, timezone(timedelta(hours=9))], ids=str)
def test_expiry_may_be_a_datetime(pair, zone):
    last = NOW + 3 * DAY - 119 * SECOND
    expiry = last.astimezone(zone) if zone else last.replace(tzinfo=None)
    token = sign_jwt({"exp": expiry}, now=NOW + DAY - 60 * SECOND)
    assert header_of(token)["kid"] == pair[1].kid
    assert claims_of(token)["exp"] == last.timestamp()


@pytest.mark.parametrize(
    "expiry",
    [None, "soon", [], float("nan"), float("inf"), 10**400],
    ids=lambda value: f"{value!r:.9}",
)
def test_expiry_that_is_none_changes_nothing(pair, expiry):
    assert signer(NOW + DAY - SECOND, expiry) == pair[0]


def test_successor_signs_only_once_every_cached_copy_has_it(key, settings):
    # MCP_JWKS_MAX_AGE, and a minute of clock skew on either side.
    settings.MCP_KEY_PUBLISH_AHEAD = 421 * SECOND
    successor = rotation.rotate("EdDSA", now=NOW)
    exp = (NOW + 2 * DAY + 420 * SECOND).timestamp()
    assert signer(NOW + 420 * SECOND - TICK, exp) == key
    assert signer(NOW + 420 * SECOND, exp) == successor


def test_long_token_of_a_key_without_successor_is_signed_all_the_same(key):
    assert signer(NOW, (NOW + 3650 * DAY).timestamp()) == key


def test_successor_signs_where_the_private_half_is_gone(pair):
    rotation.prune(now=NOW + DAY)
    assert signer(NOW + DAY - 60 * SECOND) == pair[1]


def test_key_that_leaves_at_no_known_time_is_not_outlived(pair):
    SigningKey.objects.filter(pk=pair[0].pk).update(expires_at=None)
    now = NOW + DAY - SECOND
    assert signer(now, (now + 2 * DAY).timestamp()) == pair[0]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"revoked_at": NOW}, id="revoked"),
        pytest.param({"private_key": ""}, id="private-half-unknown"),
        pytest.param({"algorithm": "ES256"}, id="other-algorithm"),
    ],
)
def test_successor_that_cannot_sign_is_passed_over(pair, change):
    SigningKey.objects.filter(pk=pair[1].pk).update(**change)
    now = NOW + DAY - SECOND
    assert signer(now, (now + 2 * DAY).timestamp()) == pair[0]


@pytest.mark.parametrize(("ahead", "signs"), [(120, True), (121, False)])
def test_key_of_a_host_whose_clock_is_ahead_signs(ahead, signs):
    key = make_key(generation=1, activates_at=NOW + ahead * SECOND)
    if signs:
        assert signer(NOW) == key
    else:
        with pytest.raises(NoSigningKey):
            signer(NOW)


@pytest.mark.parametrize("after", [timedelta(0), HOUR, DAY - TICK, DAY, 3 * DAY - SECOND])
def test_every_token_verifies_for_its_life(pair, after):
    expiry = NOW + after + 47 * HOUR
    token = sign_jwt({**CLAIMS, "exp": int(expiry.timestamp())}, now=NOW + after)
    assert verify(token, now=expiry - SECOND)
