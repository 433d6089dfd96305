from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey
from mcp_oauth_discovery.rotation.outlook import outlook
from mcp_oauth_discovery.rotation.schedule import Standing, due_at, is_known, standing
from tests.keys import DAY, HOUR, NOW, TICK, make_key

pytestmark = pytest.mark.django_db


def test_nobody_stands_before_the_first_rotation():
    assert standing("EdDSA", NOW) == Standing(None, None, 0)


def test_active_and_pending_key_stand():
    active = make_key(generation=1, retires_at=NOW + DAY)
    pending = make_key(generation=2, activates_at=NOW + DAY)
    assert standing("EdDSA", NOW) == Standing(active, pending, 2)


def test_successor_stands_alone_from_the_handover_on():
    make_key(generation=1, retires_at=NOW + DAY)
    successor = make_key(generation=2, activates_at=NOW + DAY)
    assert standing("EdDSA", NOW + DAY) == Standing(successor, None, 2)


def test_revoked_key_keeps_its_place_and_does_not_stand():
    make_key(generation=7, revoked_at=NOW)
    assert standing("EdDSA", NOW) == Standing(None, None, 7)


def test_key_outside_of_the_succession_does_not_stand():
    make_key(retires_at=NOW)
    assert standing("EdDSA", NOW) == Standing(None, None, 0)


def test_other_algorithms_do_not_stand():
    make_key("ES256", generation=3)
    assert standing("EdDSA", NOW) == Standing(None, None, 0)


def test_successor_is_due_ahead_of_the_interval():
    assert due_at(make_key(activates_at=NOW)) == NOW + 89 * DAY


def test_due_date_follows_the_settings(settings):
    settings.MCP_KEY_ROTATION_INTERVAL, settings.MCP_KEY_PUBLISH_AHEAD = 10 * DAY, 2 * HOUR
    assert due_at(make_key(activates_at=NOW)) == NOW + 10 * DAY - 2 * HOUR


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        pytest.param({"activates_at": NOW + DAY}, "signs in 1 d", id="pending"),
        pytest.param({}, "rotation due in 89 d", id="active"),
        pytest.param({"activates_at": NOW - 89 * DAY + TICK}, "rotation due in 0 s", id="nearly"),
        pytest.param({"activates_at": NOW - 89 * DAY}, "rotation overdue", id="due"),
        pytest.param({"retires_at": NOW + HOUR}, "retires in 1 h", id="retiring"),
        pytest.param(
            {"retires_at": NOW, "expires_at": NOW + DAY}, "leaves the JWK Set in 1 d", id="retired"
        ),
        pytest.param({"expires_at": NOW}, "-", id="expired"),
        pytest.param({"revoked_at": NOW}, "-", id="revoked"),
        pytest.param({"retires_at": NOW}, "-", id="retired-for-ever"),
    ],
)
def test_outlook_says_what_comes_next(dates, text):
    assert outlook(make_key(**dates), NOW) == text


def test_kid_of_a_key_is_known():
    assert is_known(make_key().kid)


def test_kid_of_a_former_key_is_known():
    FormerKey.objects.create(kid="former", deleted_at=NOW)
    assert is_known("former")


def test_kid_of_nobody_is_not_known():
    rotation.rotate("EdDSA", now=NOW)
    assert not is_known("nobody")
