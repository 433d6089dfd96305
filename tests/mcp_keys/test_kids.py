"""The beginning of a kid: as `list` prints it, and as `retire` and `revoke` take it."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.management.kids import short_kids
from mcp_oauth_discovery.models import SigningKey, State
from tests.mcp_keys.command import fails, mcp_keys


@pytest.mark.parametrize(
    ("kids", "short"),
    [
        ([], []),
        (["0123456789"], ["01234567"]),
        (["0123456789", "9876543210"], ["01234567", "98765432"]),
        (["012345678a", "012345678b"], ["012345678a", "012345678b"]),
        (
            ["abcdefgh-1", "abcdefgh-2-b", "abcdefgh-2-a"],
            ["abcdefgh-1", "abcdefgh-2-b", "abcdefgh-2-a"],
        ),
        (["k1", "k12"], ["k1", "k12"]),
    ],
    ids=str,
)
def test_short_kid_is_the_shortest_beginning_that_no_other_has(kids, short):
    assert [short_kids(kids)[kid] for kid in kids] == short


@pytest.fixture
def alike(key):
    """Give several keys kids that begin alike, one of them that of another."""
    kids = ["key-2025-a", "key-2025-b", "key", "other"]
    for kid in kids:
        SigningKey(kid=kid, algorithm="EdDSA", public_jwk={}, **dates(key)).save()
    return kids


def dates(key):
    return {
        "created_at": key.created_at,
        "activates_at": key.created_at,
        "retires_at": key.created_at,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["retire", "revoke"])
@pytest.mark.parametrize("length", [4, 8, 42])
def test_unique_beginning_is_enough(key, command, length):
    output = mcp_keys(command, key.kid[:length])
    assert output.startswith(
        f"{command.capitalize()}{'d' if command[-1] == 'e' else ''} {key.kid}. "
    )
    assert SigningKey.objects.get(pk=key.pk).state() is not State.ACTIVE


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_ambiguous_beginning_changes_nothing_and_lists_the_candidates(alike, command):
    assert fails(command, "key-2") == (
        "'key-2' is the beginning of 2 kids: key-2025-a, key-2025-b. Type more of it."
    )


@pytest.mark.django_db
def test_beginning_that_is_too_short_changes_nothing(key):
    typed = key.kid[:3]
    assert fails("revoke", typed) == (
        f"{typed!r} is too short. Type at least 4 characters of the kid."
    )


@pytest.mark.django_db
def test_whole_kid_wins_over_longer_ones(alike):
    assert mcp_keys("revoke", "key").startswith("Revoked key. ")


@pytest.mark.django_db
def test_empty_text_is_the_beginning_of_no_kid():
    rotation.rotate("EdDSA")
    assert fails("revoke", "").startswith("There is no key ''")
