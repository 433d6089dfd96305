"""When a document that shows keys changes by the clock alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mcp_oauth_discovery.signing.published import Copy, PublishedKey
from tests.keys import DAY, HOUR, NOW, SECOND, TICK

PAST, SOON, LATER = NOW - HOUR, NOW + HOUR, NOW + DAY
FIVE_MINUTES = timedelta(minutes=5)


def change(*keys, max_age=0):
    """Return the next change of keys, each given as when it begins, ceases and leaves the set."""
    shown = tuple(PublishedKey("kid", "EdDSA", {}, *dates) for dates in keys)
    return Copy(shown, read_at=0.0, changes=0).next_change(NOW, max_age)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ((SOON, None, None), SOON),
        ((SOON, LATER, None), SOON),
        ((PAST, SOON, LATER), SOON),
        ((PAST, PAST, SOON), SOON),
        ((PAST, None, None), None),
        ((NOW, None, None), None),
        ((PAST, NOW, None), None),
        ((PAST, PAST, NOW), None),
        ((PAST, PAST, PAST), None),
    ],
    ids=["begins", "first", "ceases", "leaves", "signs", "begun", "ceased", "left", "gone"],
)
def test_next_change_is_the_next_date_of_a_key(key, expected):
    assert change(key) == expected


def test_next_change_is_that_of_the_earliest_key():
    assert change((PAST, LATER, None), (SOON, None, None), (PAST, PAST, LATER)) == SOON


def test_without_keys_nothing_changes():
    assert change() is None


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        (SOON, SOON - FIVE_MINUTES),
        (NOW + FIVE_MINUTES + TICK, NOW + TICK),
        (NOW + FIVE_MINUTES, NOW),
        (NOW + SECOND, NOW),
        (PAST, None),
    ],
    ids=["before", "just before", "from then on", "to the end", "gone"],
)
def test_document_changes_before_a_key_leaves_by_as_much_as_caches_keep_it(leaves, expected):
    assert change((PAST, PAST, leaves), max_age=300) == expected
