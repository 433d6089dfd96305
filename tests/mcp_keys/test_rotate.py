"""`mcp_keys rotate`"""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey
from tests.keys import DAY
from tests.mcp_keys.command import active, ago, document, mcp_keys, pending, rows

pytestmark = pytest.mark.django_db


def test_rotate_makes_a_key_of_each_configured_algorithm():
    said = mcp_keys("rotate").splitlines()
    made = [active("RS256"), active("EdDSA")]
    assert said == [
        f"{one.algorithm}: published {one.kid}, signs from {stamp(one.activates_at)}."
        for one in made
    ]
    assert SigningKey.objects.count() == 2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rotate_makes_a_key_of_the_one_algorithm(algorithm):
    mcp_keys("rotate", "--algorithm", algorithm)
    assert SigningKey.objects.get().algorithm == algorithm


def test_rotate_publishes_a_successor_ahead(key):
    mcp_keys("rotate", "--algorithm", "EdDSA")
    assert (active(), pending().activates_at - pending().created_at) == (key, DAY)


def test_rotate_says_that_a_key_is_pending_already(key):
    successor = rotation.rotate("EdDSA")
    said = mcp_keys("rotate", "--algorithm", "EdDSA")
    start = stamp(successor.activates_at)
    assert said == f"EdDSA: {successor.kid} is already pending, signs from {start}.\n"
    assert SigningKey.objects.count() == 2


def test_rotate_if_due_makes_the_first_keys():
    assert mcp_keys("rotate", "--if-due").count("published") == 2


def test_rotate_if_due_publishes_what_is_due():
    rotation.rotate("EdDSA", now=ago(90))
    said = mcp_keys("rotate", "--if-due", "--algorithm", "EdDSA")
    assert said.startswith(f"EdDSA: published {pending().kid}, ")


@pytest.mark.parametrize("days", [0, 90], ids=["not-due", "pending"])
def test_rotate_if_due_is_silent_when_there_is_nothing_to_do(days):
    for _ in range(2):
        rotation.rotate("EdDSA", now=ago(days), if_due=True)
    if days:
        rotation.rotate("EdDSA")
    before = rows()
    assert mcp_keys("rotate", "--if-due", "--algorithm", "EdDSA") == ""
    assert rows() == before


def test_rotate_if_due_says_nothing_as_json_too(key):
    assert document("rotate", "--if-due", "--algorithm", "EdDSA") == {
        "created": [],
        "dry_run": False,
    }


def test_rotate_as_json_tells_the_new_keys():
    created = document("rotate")["created"]
    assert [one["kid"] for one in created] == [active("RS256").kid, active("EdDSA").kid]


def half_done(*options):
    """Return what `rotate` prints where the second algorithm of two fails."""

    def full(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "EdDSA" in params:
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    stdout = StringIO()
    with connection.execute_wrapper(full), pytest.raises(CommandError, match="disk is full"):
        call_command("mcp_keys", "rotate", *options, stdout=stdout)
    return stdout.getvalue()


def test_rotate_says_what_it_did_before_it_failed():
    assert half_done().startswith(f"RS256: published {active('RS256').kid}, ")


def test_rotate_as_json_tells_what_it_did_before_it_failed():
    [created] = json.loads(half_done("--json"))["created"]
    assert created["kid"] == SigningKey.objects.get().kid == active("RS256").kid


@pytest.mark.parametrize("options", [[], ["--if-due"]], ids=["rotate", "if-due"])
def test_rotate_brings_forward_what_a_wrong_clock_has_postponed(options):
    key = rotation.rotate("EdDSA", now=timezone.now() + 1000 * DAY)
    said = mcp_keys("rotate", "--algorithm", "EdDSA", *options)
    assert active() == key
    assert said == f"EdDSA: published {key.kid}, signs from {stamp(active().activates_at)}.\n"
    assert mcp_keys("rotate", "--algorithm", "EdDSA", "--if-due") == ""
