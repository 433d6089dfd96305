"""Hosts whose clocks are years ahead: their effect on the keys, and how to repair it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery import documents, signed
from mcp_oauth_discovery.keys.policy import CLOCK_SKEW
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.signing import NoSigningKey, sign_jwt, verify_jwt
from mcp_oauth_discovery.signing.sign import find_signing_key
from tests import ORIGIN
from tests.keys import DAY, HOUR, NOW, TICK, overtaken
from tests.rotation.store import AHEAD, INTERVAL, RETENTION, dates, everything, fresh, prune, rotate

pytestmark = pytest.mark.django_db

YEARS = 3 * 365 * DAY
# How far apart two clocks may be, each one wrong by as much as is allowed.
APART = 2 * CLOCK_SKEW


@pytest.fixture(autouse=True)
def _pinned(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def signer(now=NOW):
    return find_signing_key("EdDSA", None, now)


# Rotate, after a clock went back


@pytest.mark.parametrize("if_due", [True, False])
def test_advice_for_a_token_that_cannot_be_signed_works(if_due):
    key = rotate(NOW + YEARS)
    with pytest.raises(NoSigningKey, match="mcp_keys rotate --algorithm EdDSA"):
        sign_jwt({}, now=NOW)
    assert rotate(NOW, if_due=if_due) == key
    exp = int((NOW + HOUR).timestamp())
    token = sign_jwt({"aud": "x", "exp": exp}, now=NOW)
    assert verify_jwt(token, audience="x", now=NOW)["exp"] == exp


def test_key_that_was_to_sign_in_years_signs_now():
    key = rotate(NOW + YEARS)
    assert dates(rotate(NOW)) == (NOW, None, None, None)
    assert (fresh(key).created_at, fresh(key).generation) == (NOW, 1)


@pytest.mark.parametrize("if_due", [True, False])
@pytest.mark.parametrize("ahead", [TICK, APART], ids=["a-little", "as-much-as-is-allowed"])
def test_key_of_a_clock_that_is_a_little_ahead_is_waited_for(ahead, if_due):
    rotate(NOW + ahead)
    before = everything()
    rotate(NOW, if_due=if_due)
    assert everything() == before
    assert signer()


def test_key_of_a_clock_that_is_further_ahead_is_not_waited_for():
    rotate(NOW + APART + TICK)
    assert rotate(NOW).state(NOW) is State.ACTIVE


def test_first_of_several_keys_that_were_to_sign_in_years_signs_now():
    first, second = rotate(NOW + YEARS), rotate(NOW + YEARS)
    assert rotate(NOW) == first
    assert dates(first)[:2] == (NOW, dates(second)[0])


def test_two_hosts_mend_it_once():
    key = rotate(NOW + YEARS)
    with overtaken(lambda: rotate(NOW - TICK)):
        assert rotate(NOW) == key
    assert dates(key)[0] == NOW - TICK
    assert fresh(key).state(NOW) is State.ACTIVE


def test_key_that_was_active_all_the_time_for_others_stays_so():
    # This host is behind, and all others are right.
    key = rotate(NOW)
    rotate(NOW - YEARS)
    assert list(SigningKey.objects.active(NOW)) == [key]
    assert signer() == key


# Rotate, where the successor is that of a wrong clock


def put_off(now=NOW + HOUR):
    """Return a key, and the successor that a host years ahead has made for it."""
    first = rotate(NOW)
    return first, rotate(now + YEARS, if_due=True)


def test_rotation_by_a_host_that_is_ahead_lets_the_key_sign():
    first, second = put_off()
    assert dates(first)[1] == dates(second)[0] == NOW + HOUR + YEARS + AHEAD
    assert signer(NOW + HOUR) == first


def test_rotation_brings_a_handover_in_years_forward():
    first, second = put_off()
    assert rotate(NOW + DAY) == second
    start = NOW + DAY + AHEAD
    assert dates(first) == (NOW, start, start + RETENTION, None)
    assert dates(second) == (start, None, None, None)
    assert fresh(second).created_at == NOW + DAY


def test_rotation_that_is_not_due_changes_nothing():
    _, second = put_off()
    before = everything()
    assert rotate(NOW + DAY, if_due=True) == second
    assert everything() == before


def test_rotation_that_is_due_brings_the_handover_forward():
    first, second = put_off()
    due = NOW + INTERVAL - AHEAD
    assert rotate(due, if_due=True) == second
    assert dates(first)[1] == dates(second)[0] == due + AHEAD


def test_rotation_is_brought_forward_once():
    _, second = put_off()
    rotate(NOW + DAY)
    before = everything()
    assert rotate(NOW + DAY + HOUR) == second
    assert everything() == before


def test_handover_that_is_put_off_by_hours_is_waited_for():
    rotate(NOW)
    second = rotate(NOW + DAY)
    before = everything()
    assert rotate(NOW) == second
    assert everything() == before


def test_handover_that_comes_before_that_of_a_new_key_is_not_put_off(settings):
    put_off()
    settings.MCP_KEY_PUBLISH_AHEAD = 2 * YEARS
    settings.MCP_KEY_ROTATION_INTERVAL = 2 * YEARS
    before = everything()
    rotate(NOW + DAY)
    assert everything() == before


def test_successor_of_a_right_clock_is_returned_while_a_setting_is_wrong(pair, settings):
    settings.MCP_KEY_RETENTION = None
    assert rotate(NOW + HOUR) == pair[1]


def test_two_hosts_bring_the_handover_forward_once():
    first, second = put_off()
    with overtaken(lambda: rotate(NOW + DAY)):
        assert rotate(NOW + DAY + HOUR) == second
    assert dates(first)[1] == dates(second)[0] == NOW + DAY + AHEAD


# Prune


@pytest.mark.parametrize("ahead", [HOUR, AHEAD, 400 * DAY, YEARS, 30 * YEARS], ids=str)
def test_key_that_signs_survives_a_prune_of_a_host_that_is_ahead(pair, ahead):
    first, second = pair
    prune(NOW + ahead)
    assert set(SigningKey.objects.all()) == {first, second}
    assert set(SigningKey.objects.published(NOW)) == {first, second}
    # Where the private half of the first one is gone, the second one signs early.
    assert signer() in (first, second)
    sign_jwt({}, now=NOW)


def test_key_that_signs_survives_all_that_cron_does_on_a_host_that_is_ahead(pair):
    first, second = pair
    rotate(NOW + YEARS, if_due=True)
    prune(NOW + YEARS)
    assert {first, second} < set(SigningKey.objects.published(NOW))
    for now in (NOW, NOW + AHEAD, NOW + INTERVAL):
        sign_jwt({}, now=now)


def test_single_key_survives_all_that_cron_does_on_a_host_that_is_ahead():
    key = rotate(NOW)
    for hours in range(3):
        rotate(NOW + YEARS + hours * HOUR, if_due=True)
        prune(NOW + YEARS + hours * HOUR)
    assert fresh(key).private_key
    assert signer() == key


@pytest.mark.parametrize("build", [documents.protected_resource_metadata])
def test_metadata_is_signed_where_the_private_half_is_gone(settings, site, build):
    settings.MCP_SIGNED_METADATA = True
    signed._sign.cache_clear()  # noqa: SLF001
    first = rotation.rotate("EdDSA")
    second = rotation.rotate("EdDSA")
    prune(first.activates_at + YEARS)
    assert fresh(first).private_key == ""
    assert second.private_key
    assert "signed_metadata" in build(site)


def test_key_is_deleted_once_its_successor_has_retired(pair):
    first, second = pair
    third = rotate(NOW + 400 * DAY)
    handover = NOW + 400 * DAY + AHEAD
    assert prune(handover - TICK)[1] == []
    assert prune(handover)[1] == [first.kid]
    assert set(SigningKey.objects.all()) == {second, third}


def test_key_of_another_algorithm_deletes_none(pair):
    rotation.rotate("ES256", now=NOW)
    rotation.rotate("ES256", now=NOW)
    rotation.rotate("ES256", now=NOW + AHEAD)
    assert [key.algorithm for key in SigningKey.objects.filter(kid__in=prune(NOW + YEARS)[1])] == []
    assert set(pair) <= set(SigningKey.objects.all())


def test_key_that_was_revoked_is_deleted_without_a_successor():
    key = rotation.revoke(rotate(NOW), now=NOW)
    assert prune(NOW + 365 * DAY)[1] == [key.kid]
