"""`mcp_keys list`"""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from tests import JWKS
from tests.mcp_keys.command import ago, document, mcp_keys

pytestmark = pytest.mark.django_db


def test_list_of_nothing_says_how_to_begin():
    assert mcp_keys("list") == "There are no keys yet. Run 'manage.py mcp_keys rotate'.\n"


def test_list_of_nothing_as_json():
    assert document("list") == {"keys": []}


def test_list_shows_every_state(keys):
    head, *lines = (re.split("  +", line) for line in mcp_keys("list").splitlines())
    assert head == ["ALG", "STATE", "KID", "SIGNS FROM", "RETIRES", "LEAVES", "NEXT"]
    assert {line[1]: line[2] for line in lines} == {
        state.value: one.kid[:8] for state, one in keys.items()
    }


def test_pending_key_that_was_revoked_has_no_date_to_sign_from():
    rotation.rotate("EdDSA")
    pending = rotation.rotate("EdDSA")
    rotation.revoke(pending)
    [row] = [line for line in mcp_keys("list").splitlines() if " revoked " in line]
    assert row.split()[3] == "-"


def test_list_fits_100_columns(keys):
    assert max(map(len, mcp_keys("list").splitlines())) <= 100


def test_wide_list_has_whole_kids_and_times(keys):
    lines = mcp_keys("list", "-v", "2").splitlines()
    for one in keys.values():
        [line] = [line for line in lines if one.kid in line]
        dates = (one.activates_at, one.retires_at, one.revoked_at or one.expires_at)
        assert re.split("  +", line)[3:6] == [*map(stamp, dates)]


def test_list_has_colours_only_if_asked_for_or_on_a_terminal(keys):
    plain, coloured = mcp_keys("list"), mcp_keys("list", "--force-color")
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    [active] = [line for line in coloured.splitlines() if " retires in " in line]
    assert re.search(r"\x1b\[32;1mactive *\x1b\[0m", active)


@pytest.mark.parametrize(
    ("state", "coming"),
    [
        (State.PENDING, "signs in 23 h 59 min"),
        (State.ACTIVE, "retires in 23 h 59 min"),
        (State.RETIRED, "leaves the JWK Set in 23 h 59 min"),
        (State.EXPIRED, "-"),
        (State.REVOKED, "-"),
    ],
)
def test_list_shows_dates_and_time_left(keys, state, coming):
    one = keys[state]
    line = next(line for line in mcp_keys("list").splitlines() if one.kid[:8] in line)
    dates = (one.activates_at, one.retires_at, one.revoked_at or one.expires_at)
    assert re.split("  +", line)[3:] == [*(stamp(date)[:10] for date in dates), coming]


@pytest.mark.parametrize(
    ("days", "coming"), [(80, "rotation due in 8 d"), (90, "rotation overdue")]
)
def test_list_shows_when_rotation_is_due(days, coming):
    rotation.rotate("EdDSA", now=ago(days))
    assert coming in mcp_keys("list")


BAD_SPANS = pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MCP_KEY_RETENTION", timedelta(0)),
        ("MCP_KEY_ROTATION_INTERVAL", timedelta.max),
        ("MCP_JWKS_MAX_AGE", -1),
    ],
)


@BAD_SPANS
def test_list_shows_what_is_known_whatever_the_spans(key, settings, setting, value):
    setattr(settings, setting, value)
    line = mcp_keys("list").splitlines()[1]
    assert key.kid[:8] in line
    assert line.endswith("  unknown: run manage.py check")


@BAD_SPANS
def test_list_as_json_is_the_same_whatever_the_spans(keys, settings, setting, value):
    before = document("list")
    setattr(settings, setting, value)
    assert document("list") == before


def test_columns_of_the_list_are_aligned(keys):
    head, *lines = mcp_keys("list").splitlines()
    for title in ("STATE", "KID", "SIGNS FROM", "RETIRES", "LEAVES", "NEXT"):
        start = head.index(title)
        assert {line[start - 1] for line in lines} == {" "}
        assert " " not in {line[start] for line in lines}


def test_list_as_json_tells_every_state(keys):
    listed = {one["state"]: one for one in document("list")["keys"]}
    for state, one in keys.items():
        assert listed[state.value]["kid"] == one.kid
        assert listed[state.value]["in_jwk_set"] is one.is_published()


@pytest.mark.parametrize(
    "name", ["created_at", "activates_at", "retires_at", "expires_at", "revoked_at"]
)
def test_dates_as_json_are_those_of_the_key_store(keys, name):
    for one in document("list")["keys"]:
        stored = getattr(SigningKey.objects.get(kid=one["kid"]), name)
        assert (datetime.fromisoformat(one[name]) if one[name] else None) == stored


def test_list_as_json_tells_whether_there_is_a_private_half(keys):
    SigningKey.objects.filter(pk=keys[State.EXPIRED].pk).update(private_key="")
    erased = [one["state"] for one in document("list")["keys"] if not one["has_private_key"]]
    assert erased == ["expired"]


@pytest.mark.parametrize("fault", [{"algorithm": "Ed448"}, {"public_jwk": {}}], ids=str)
def test_list_tells_what_cannot_be_published(key, fetch, fault):
    SigningKey.objects.update(**fault)
    [listed] = document("list")["keys"]
    assert (listed["state"], listed["in_jwk_set"]) == ("active", False)
    assert fetch(JWKS).json() == {"keys": []}
    assert "active" in mcp_keys("list")


def test_list_foretells_nothing_of_an_unknown_algorithm(key):
    SigningKey.objects.update(algorithm="Ed448")
    assert mcp_keys("list").splitlines()[1].endswith("  -")


class _Closed(StringIO):
    def flush(self):
        raise BrokenPipeError


def test_list_that_nobody_reads_to_its_end_is_no_error(key, monkeypatch, tmp_path):
    with (tmp_path / "stdout").open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        call_command("mcp_keys", "list", stdout=_Closed())
        # What Python flushes in the end goes nowhere.
        stdout.write("the rest")
    assert (tmp_path / "stdout").read_text() == ""
