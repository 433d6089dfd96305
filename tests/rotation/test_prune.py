"""What is erased and deleted, and what is remembered of it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey, SigningKey
from tests.keys import DAY, NOW, TICK, make_key, overtaken
from tests.rotation.store import AHEAD, everything, fresh, prune, rotate

pytestmark = pytest.mark.django_db


def test_private_half_is_erased_once_its_key_signs_no_more(pair):
    first, second = pair
    assert prune(NOW + AHEAD - TICK) == ([], [])
    assert prune(NOW + AHEAD) == ([first.kid], [])
    assert fresh(first).private_key == ""
    assert fresh(second).unseal()


def test_key_that_signs_again_meanwhile_keeps_its_private_half(pair):
    first, second = pair
    # By a clock that is behind, the second key is pending. Without it, the first one signs.
    with overtaken(lambda: rotation.revoke(second, now=NOW)):
        prune(NOW + AHEAD)
    assert fresh(first).unseal()


def test_private_half_is_erased_once(pair):
    prune(NOW + AHEAD)
    assert prune(NOW + AHEAD) == ([], [])


def test_pruned_key_stays_published(pair):
    prune(NOW + AHEAD)
    assert set(SigningKey.objects.published(NOW + AHEAD)) == set(pair)


def test_private_half_of_a_revoked_key_is_erased():
    key = rotation.revoke(rotate(), now=NOW)
    assert prune(NOW) == ([key.kid], [])


@pytest.mark.parametrize("fields", [{"expires_at": NOW}, {"revoked_at": NOW}], ids=str)
def test_key_is_deleted_a_year_after_its_end(fields):
    key = make_key(**{"retires_at": NOW - DAY, **fields})
    end = NOW + 365 * DAY
    assert prune(end - TICK)[1] == []
    assert prune(end) == ([], [key.kid])
    assert not SigningKey.objects.exists()


def test_kid_of_a_deleted_key_is_remembered():
    key = make_key(revoked_at=NOW)
    end = NOW + 365 * DAY
    prune(end)
    assert list(FormerKey.objects.values_list("kid", "deleted_at")) == [(key.kid, end)]


def test_key_that_still_signs_is_not_pruned():
    rotate()
    assert prune(NOW + 3650 * DAY) == ([], [])


def test_dry_run_says_what_would_be_pruned_and_does_nothing():
    erasable = make_key(retires_at=NOW - DAY)
    deletable = make_key(revoked_at=NOW - 400 * DAY)
    before = everything()
    assert prune(NOW, dry_run=True) == ([erasable.kid], [deletable.kid])
    assert everything() == before
    assert prune(NOW) == ([erasable.kid], [deletable.kid])


def test_pruning_twice_at_once_remembers_a_kid_once():
    key = make_key(revoked_at=NOW - 400 * DAY)
    with overtaken(lambda: rotation.prune(now=NOW)):
        rotation.prune(now=NOW)
    assert FormerKey.objects.get().kid == key.kid
