"""Errors that are not about a file: one line each, and nothing changed."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection

from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import State
from tests.keys import broken_database, missing_tables
from tests.mcp_keys.command import fails, mcp_keys, rows
from tests.mcp_keys.files import ED, private_pem

pytestmark = pytest.mark.django_db

SPANS = ("MCP_KEY_ROTATION_INTERVAL", "MCP_KEY_PUBLISH_AHEAD", "MCP_KEY_RETENTION")


@pytest.mark.parametrize(
    ("command", "kid"),
    [
        ("retire", "none"),
        *[("revoke", kid) for kid in ("", "'; DROP TABLE", "é" * 100, "\0", "\ud800", "a\nb")],
    ],
)
def test_unknown_kid(key, command, kid):
    line = fails(command, kid)
    assert line == f"There is no key {kid!r}. 'manage.py mcp_keys list' shows all of them."


def without_its_beginning(kid):
    # A dash in front would make it an option.
    return kid[1:].lstrip("-")


@pytest.mark.parametrize(
    "alter",
    [str.swapcase, without_its_beginning, "{} ".format, "{}%".format],
    ids=["other-case", "end-alone", "space", "wildcard"],
)
def test_kid_is_compared_exactly(key, alter):
    assert fails("retire", alter(key.kid)).startswith("There is no key ")


def test_revoking_twice(key):
    mcp_keys("revoke", key.kid)
    key.refresh_from_db()
    line = fails("revoke", key.kid)
    assert line == f"The key {key.kid} was revoked at {stamp(key.revoked_at)}."


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_retire_takes_active_keys_only(keys, state):
    line = fails("retire", keys[state].kid)
    problem = f"is {state.value}; only an active one can be retired."
    assert line == f"The key {keys[state].kid} {problem}"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["destroy"], "invalid choice: 'destroy'"),
        (["list", "--dry-run"], "unrecognized arguments: --dry-run"),
        (["retire"], "the following arguments are required: kid"),
        (["revoke"], "the following arguments are required: kid"),
        (["import"], "the following arguments are required: file"),
    ],
)
def test_arguments_that_make_no_sense(key, arguments, problem):
    assert problem in fails(*arguments)


@pytest.mark.parametrize("algorithm", ["HS256", "none", "", "é", "a\nb"])
def test_algorithm_that_is_unknown(key, algorithm):
    line = fails("rotate", "--algorithm", algorithm)
    assert line == f"Unknown algorithm {algorithm!r}; expected one of RS256, ES256, EdDSA."


@pytest.mark.parametrize(
    ("setting", "value", "arguments"),
    [
        ("MCP_SIGNING_ALGORITHMS", ["HS256"], ["rotate"]),
        ("MCP_SIGNING_ALGORITHMS", ["HS256"], ["retire", "{kid}"]),
        ("MCP_KEY_PUBLISH_AHEAD", timedelta(seconds=1), ["rotate"]),
        ("MCP_KEY_RETENTION", 2, ["retire", "{kid}"]),
        ("MCP_KEY_ENCRYPTION_KEYS", ["secret"], ["rotate"]),
        ("MCP_KEY_ENCRYPTION_KEYS", "secret", ["reencrypt"]),
        ("MCP_JWKS_MAX_AGE", 10**15, ["rotate"]),
        ("MCP_JWKS_MAX_AGE", 10**12, ["retire", "{kid}"]),
        *((setting, timedelta.max, ["rotate"]) for setting in SPANS),
    ],
    ids=str,
)
def test_settings_that_cannot_be_right(key, settings, setting, value, arguments):
    setattr(settings, setting, value)
    line = fails(*(one.format(kid=key.kid) for one in arguments))
    assert line.startswith(f"{setting} is ")
    assert "secret" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["rotate"],
        ["rotate", "--if-due"],
        ["list"],
        ["retire", "{kid}"],
        ["revoke", "{kid}"],
        ["revoke", "{kid}", "--dry-run"],
        ["import", "{file}"],
        ["prune"],
        ["prune", "--dry-run"],
        ["reencrypt"],
    ],
    ids=" ".join,
)
def test_nothing_is_done_or_said_without_time_zones(key, settings, file, arguments):
    before = rows()
    settings.USE_TZ, settings.TIME_ZONE = False, "America/Chicago"
    path = file(private_pem(ED))
    line = fails(*(one.format(kid=key.kid, file=path) for one in arguments))
    assert line.startswith("USE_TZ is False: signing keys need dates in UTC")
    settings.USE_TZ = True
    assert rows() == before


def test_list_of_no_keys_needs_time_zones_as_well(settings):
    settings.USE_TZ = False
    assert fails("list", "--json").startswith("USE_TZ is False: ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("unable to open database file", "unable to open database file"),
        # As PostgreSQL says it.
        ("server closed the connection\n\tThis probably means", "server closed the connection"),
        ("database is locked", "database is locked"),
        ("", "OperationalError"),
    ],
)
def test_database_that_cannot_be_used(said, shown):
    def broken(*args):
        raise OperationalError(said)

    with connection.execute_wrapper(broken), pytest.raises(CommandError) as failure:
        mcp_keys("list")
    assert str(failure.value) == f"The key store cannot be used: {shown}."


@pytest.mark.parametrize("arguments", [["list"], ["rotate"], ["revoke", "x", "--dry-run"]])
def test_tables_that_are_missing(transactional_db, arguments):
    with missing_tables(), pytest.raises(CommandError) as failure:
        mcp_keys(*arguments)
    line = str(failure.value)
    assert line.startswith("The key store cannot be used: ")
    assert line.endswith(". Has 'manage.py migrate' been run?")
    assert "\n" not in line


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_database_that_is_gone_gives_one_line(error):
    with broken_database(error), pytest.raises(CommandError) as caught:
        call_command("mcp_keys", "list", stdout=StringIO())
    assert str(caught.value).startswith("The key store cannot be used: the database is down.")
    assert "\n" not in str(caught.value)
