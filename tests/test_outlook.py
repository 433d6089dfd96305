"""What happens next, in sentences: one line of succession after the other, at a fixed instant."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.outlook import prospects

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)
ROTATE = "If this site issues tokens, run manage.py mcp_keys rotate."


@pytest.fixture(autouse=True)
def one_algorithm(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def ago(days):
    return NOW - timedelta(days=days)


def rotate(days, algorithm="EdDSA"):
    return rotation.rotate(algorithm, now=ago(days))


def told(**delay):
    found = prospects(list(SigningKey.objects.all()), NOW + timedelta(**delay))
    return [one.text for one in found]


def test_algorithm_without_a_key_says_what_to_run():
    [only] = prospects([], NOW)
    assert only == (NOW, f"No EdDSA key is active. {ROTATE}", True)


def test_rotation_of_an_active_key_is_foretold():
    rotate(49)
    assert told() == [
        "In 40 days the rotation of EdDSA is due: run manage.py mcp_keys rotate --if-due."
    ]


def test_rotation_that_is_overdue_is_said_to_be():
    rotate(99)
    [only] = prospects(list(SigningKey.objects.all()), NOW)
    assert only.is_late
    assert only.at == ago(10)
    assert only.text == (
        "The rotation of EdDSA has been due for 10 days: run manage.py mcp_keys rotate --if-due."
    )


def test_rotation_that_is_due_now_is_overdue():
    rotate(89)
    assert told() == [
        "The rotation of EdDSA has been due for 0 seconds: run manage.py mcp_keys rotate --if-due."
    ]


def test_successor_is_named_with_its_predecessor():
    old, new = rotate(50), rotate(0)
    assert told() == [
        f"In 1 day the EdDSA key {new.short_kid} takes over and {old.short_kid} retires."
    ]


def test_pending_key_without_a_predecessor_begins_to_sign():
    old, new = rotate(50), rotate(0)
    SigningKey.objects.filter(pk=old.pk).delete()
    assert told() == [
        f"No EdDSA key is active until {new.short_kid} signs. To make it sign now, run manage.py "
        "mcp_keys rotate.",
        f"In 1 day the EdDSA key {new.short_kid} begins to sign.",
    ]


def test_pending_key_that_signs_in_a_minute_is_waited_for():
    old, new = rotate(50), rotate(0)
    SigningKey.objects.filter(pk=old.pk).delete()
    assert told(hours=23, minutes=59)[0] == f"No EdDSA key is active until {new.short_kid} signs."


def test_first_of_several_pending_keys_is_the_next():
    old, new = rotate(50), rotate(0)
    later = rotation.rotate("EdDSA", now=NOW + timedelta(days=1))
    assert old.short_kid in told()[0]
    assert new.short_kid in told()[0]
    assert not any(later.short_kid in text for text in told())


def test_active_key_that_retires_without_a_successor_is_foretold():
    old, new = rotate(50), rotate(0)
    SigningKey.objects.filter(pk=new.pk).delete()
    assert told() == [f"In 1 day the EdDSA key {old.short_kid} retires, and has no successor."]


def test_retired_key_leaves_the_set():
    old = rotate(50)
    rotate(1)
    leaves, next_rotation = told(hours=6)
    assert leaves == f"In 1 day 18 hours the EdDSA key {old.short_kid} leaves the JWK Set."
    assert next_rotation.startswith("In 88 days the rotation of EdDSA is due")


def test_algorithm_that_is_no_longer_configured_has_no_rotation(settings):
    rotate(50)
    rotate(50, "ES256")
    settings.MCP_SIGNING_ALGORITHMS = ["ES256"]
    assert [text for text in told() if "EdDSA" in text] == []


def test_what_is_late_comes_first(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    rotate(50)
    late, coming = prospects(list(SigningKey.objects.all()), NOW)
    assert (late.is_late, coming.is_late) == (True, False)


def test_what_is_to_come_is_in_its_order(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]
    rotate(10)
    rotate(50, "ES256")
    found = prospects(list(SigningKey.objects.all()), NOW)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert "ES256" in found[0].text


def test_wrong_setting_is_named():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.MCP_SIGNING_ALGORITHMS", ["HS256"])
        with pytest.raises(Misconfigured, match="MCP_SIGNING_ALGORITHMS"):
            prospects([], NOW)
