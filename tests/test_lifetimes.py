from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mcp_oauth_discovery.keys.lifetimes import in_words, span, stamp


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(None, "-", id="none"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 999999, timezone.utc), "2026-01-02 03:04:05 UTC", id="utc"
        ),
        pytest.param(
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31 23:00:00 UTC",
            id="east",
        ),
    ],
)
def test_instant_is_in_utc(instant, text):
    assert stamp(instant) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        ({}, "0 s"),
        ({"microseconds": 999999}, "0 s"),
        ({"seconds": 59}, "59 s"),
        ({"seconds": 60}, "1 min"),
        ({"seconds": 61}, "1 min 1 s"),
        ({"hours": 1, "seconds": 1}, "1 h 1 s"),
        ({"days": 1, "hours": 3, "minutes": 4}, "1 d 3 h"),
        ({"days": 90}, "90 d"),
    ],
    ids=str,
)
def test_span_has_its_two_largest_units(length, text):
    assert span(timedelta(**length)) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 seconds"),
        (timedelta(microseconds=900000), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=2, seconds=1), "2 minutes 1 second"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=1, hours=3, minutes=9), "1 day 3 hours"),
        (timedelta(days=2, hours=23), "2 days 23 hours"),
        (timedelta(days=3, hours=23), "3 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_span_in_a_sentence_has_an_hour_only_where_it_counts(length, text):
    assert in_words(length) == text
