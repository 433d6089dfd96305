"""The picture of the keys: which bars there are, and where they begin and end."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.admin.timeline import timeline
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.models import SigningKey, State

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def quick(settings):
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA", "ES256"]


def rotate(days, algorithm="EdDSA"):
    return rotation.rotate(algorithm, now=NOW - timedelta(days=days))


def drawn(now=NOW):
    return timeline(list(SigningKey.objects.all()), now)


def number(text):
    return float(text.removesuffix("%"))


def spans(bar):
    """Return the states of a bar, each with where it begins and ends."""
    return {one.state: (number(one.x), number(one.x) + number(one.width)) for one in bar.segments}


def test_each_algorithm_has_a_lane():
    rotate(50)
    rotate(40, "ES256")
    assert [lane.algorithm for lane in drawn().lanes] == ["ES256", "EdDSA"]


def test_lanes_and_bars_are_below_each_other():
    for algorithm in ("EdDSA", "ES256"):
        rotate(50, algorithm)
        rotate(0, algorithm)
    picture = drawn()
    ys = [int(y) for lane in picture.lanes for y in (lane.y, *(bar.y for bar in lane.bars))]
    assert ys == sorted(set(ys))
    assert ys[-1] < int(picture.axis_y) < int(picture.height)


def test_newest_key_is_on_top():
    old, new = rotate(50), rotate(0)
    [lane] = drawn().lanes
    assert [bar.key for bar in lane.bars] == [new, old]


def test_states_follow_each_other_where_they_change():
    rotate(50)
    rotate(0)
    picture = drawn()
    new, old = ({**spans(bar)} for bar in picture.lanes[0].bars)
    handover = new["pending"][1]
    assert new["pending"][0] == pytest.approx(number(picture.now_x), abs=0.02)
    assert new["active"] == pytest.approx((handover, 100), abs=0.02)
    assert old["active"] == pytest.approx((0, handover), abs=0.02)
    assert old["retired"][0] == pytest.approx(handover, abs=0.02)
    assert handover < old["retired"][1] < 100


def test_key_that_signs_at_once_was_never_pending():
    rotate(50)
    assert list(spans(drawn().lanes[0].bars[0])) == ["active"]


def test_public_key_that_never_signs_is_only_retired():
    public = jwk.public_pem(jwk.public_jwk(jwk.generate("ES256"), "ES256"))
    rotation.import_key(public.encode(), public_only=True, now=NOW)
    assert list(spans(drawn().lanes[0].bars[0])) == ["retired"]


def test_revoked_key_ends_there_with_a_mark():
    rotate(50)
    key = rotation.revoke(rotate(1), now=NOW - timedelta(hours=12))
    picture = drawn()
    [bar] = [bar for bar in picture.lanes[0].bars if bar.key == key]
    assert list(spans(bar)) == ["pending"]
    assert spans(bar)["pending"][1] == pytest.approx(number(bar.revoked_x), abs=0.02)
    assert number(bar.revoked_x) < number(picture.now_x)
    assert all(not other.revoked_x for other in picture.lanes[0].bars if other is not bar)


def test_rotation_that_is_due_is_marked_on_the_active_key():
    rotate(50)
    picture = drawn()
    [bar] = picture.lanes[0].bars
    assert number(picture.now_x) < number(bar.due_x) < 100


def test_rotation_is_not_marked_once_a_successor_is_there():
    rotate(90)
    rotate(0)
    assert [bar.due_x for bar in drawn().lanes[0].bars] == ["", ""]


def test_key_that_left_before_the_picture_begins_is_counted():
    for days in (300, 200, 100):
        rotate(days)
    # The third has replaced the second, which is gone for longer than the third is there.
    SigningKey.objects.filter(expires_at__lt=NOW - timedelta(days=90)).update(
        expires_at=NOW - timedelta(days=150)
    )
    [lane] = drawn().lanes
    assert (len(lane.bars), lane.omitted) == (1, 2)


def test_no_more_than_six_keys_of_an_algorithm_are_drawn():
    for hours in range(9):
        rotation.revoke(rotation.rotate("EdDSA", now=NOW - timedelta(hours=hours)), now=NOW)
    [lane] = drawn(NOW + timedelta(minutes=1)).lanes
    assert len(lane.bars) == 6
    assert lane.omitted == SigningKey.objects.count() - 6 > 0


def test_algorithm_whose_keys_are_long_gone_keeps_its_lane():
    rotation.revoke(rotate(50), now=NOW - timedelta(days=40))
    SigningKey.objects.filter(revoked_at=None).delete()
    [lane] = drawn().lanes
    assert (lane.bars, lane.omitted) == ([], 1)


def test_axis_has_dates_and_a_day_takes_more_room_near_to_now():
    rotate(20)
    ticks = {f"{tick.label} {tick.year}": number(tick.x) for tick in drawn().ticks}
    assert list(ticks) == [
        "24 Apr 2026",
        "30 Apr 2026",
        "2 May 2026",
        "8 May 2026",
        "31 May 2026",
    ]
    _, before, after, week, month = ticks.values()
    # Two days, and three weeks.
    assert after - before > month - week > 0


def test_mark_of_the_axis_is_where_its_day_begins():
    rotate(50)
    assert rotate(0).activates_at == NOW + timedelta(days=1)
    picture = drawn(NOW + timedelta(hours=15))
    [tick] = [tick for tick in picture.ticks if tick.label == "2 May"]
    assert number(tick.x) == pytest.approx(spans(picture.lanes[0].bars[0])["active"][0], abs=0.02)


@pytest.mark.parametrize("days", [1, 50, 400, 4000])
def test_labels_of_the_axis_do_not_overlap(days):
    rotate(days)
    places = [number(tick.x) for tick in drawn().ticks]
    assert len(places) >= 2
    assert all(right - left >= 13 for left, right in pairwise(places) if left > 50 or right < 50)
    assert all(6 <= place <= 94 for place in places)


@pytest.mark.parametrize(
    ("state", "told"),
    {
        State.PENDING: "published at 2026-05-01 00:00:00 UTC, signs from 2026-05-02 00:00:00 UTC",
        State.ACTIVE: "has signed since 2026-04-30 00:00:00 UTC, retires in 1 d",
        State.RETIRED: "signed until 2026-04-30 00:00:00 UTC, leaves the JWK Set in 1 d",
        State.EXPIRED: "left the JWK Set at 2026-01-24 00:00:00 UTC",
        State.REVOKED: "revoked at 2026-04-28 00:00:00 UTC",
    }.items(),
)
def test_bar_is_told_in_words(state, told):
    for days in (200, 100, 2, 0):
        rotate(days)
    rotation.revoke(rotate(3, "ES256"), now=NOW - timedelta(days=3))
    picture = drawn()
    bars = [bar for lane in picture.lanes for bar in lane.bars]
    [bar] = [bar for bar in bars if (bar.state, bar.text) == (state, told)]
    assert bar.name == f"{bar.key.algorithm} key {bar.key.kid[:10]}…"
    assert f"{bar.name}, {state.label}: {told}." in picture.description


def test_wrong_spans_leave_out_what_is_made_of_them(settings):
    rotate(50)
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(0)
    [bar] = drawn().lanes[0].bars
    assert (bar.due_x, bar.text) == ("", "has signed since 2026-03-12 00:00:00 UTC")


def test_picture_says_from_when_to_when_it_is():
    rotate(50)
    picture = drawn()
    assert (picture.start, picture.end) == ("2026-03-12", "2026-06-18")
    assert picture.now == "2026-05-01 00:00:00 UTC"
