"""`--dry-run` says everything and does nothing."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import State
from tests.keys import DAY
from tests.mcp_keys.command import WOULD_BE_REFUSED_AT_FIRST, document, fails, mcp_keys, rows

pytestmark = pytest.mark.django_db


def test_dry_run_of_prune_only_says_what_would_go(prunable):
    erased, deleted = prunable
    before = rows()
    assert mcp_keys("prune", "--dry-run").splitlines() == [
        f"Would erase the private key of {erased.kid}.",
        f"Would delete {deleted.kid}.",
    ]
    assert rows() == before


@pytest.mark.parametrize("command", ["retire", "revoke"])
@pytest.mark.parametrize("has_successor", [True, False], ids=["pending", "alone"])
def test_dry_run_changes_nothing(key, command, has_successor):
    if has_successor:
        rotation.rotate("EdDSA")
    before = rows()
    assert mcp_keys(command, key.kid, "--dry-run").startswith(f"Would {command} {key.kid}. ")
    assert rows() == before


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_names_the_pending_key_as_successor(key, command):
    kid = rotation.rotate("EdDSA").kid
    said = mcp_keys(command, key.kid, "--dry-run").splitlines()
    assert said[1:] == [f"{kid} would sign EdDSA tokens.", WOULD_BE_REFUSED_AT_FIRST]
    assert document(command, key.kid, "--dry-run")["successor"]["kid"] == kid


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_does_not_name_a_key_that_never_is(key, command):
    said = mcp_keys(command, key.kid, "--dry-run").splitlines()
    assert said[1:] == ["A new key would sign EdDSA tokens.", WOULD_BE_REFUSED_AT_FIRST]
    assert document(command, key.kid, "--dry-run")["successor"]["kid"] is None


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_fails_as_the_real_one_does(keys, command):
    line = fails(command, keys[State.REVOKED].kid, "--dry-run")
    assert line == fails(command, keys[State.REVOKED].kid)


def rehearse(*options):
    before = rows()
    output = mcp_keys("rotate", "--algorithm", "EdDSA", "--dry-run", *options)
    assert rows() == before
    return output


def test_dry_run_of_rotate_names_no_key_that_it_undoes():
    start = stamp(timezone.now())[:16]
    output = rehearse()
    assert output.startswith(f"EdDSA: would publish a new key, to sign from {start}")
    [created] = document("rotate", "--algorithm", "EdDSA", "--dry-run")["created"]
    assert (created["kid"], created["state"]) == (None, "active")


def test_dry_run_of_rotate_says_when_the_successor_would_sign(key):
    day = stamp(timezone.now() + DAY)[:10]
    assert rehearse().startswith(f"EdDSA: would publish a new key, to sign from {day}")


def test_dry_run_of_rotate_names_the_key_that_it_would_bring_forward():
    key = rotation.rotate("EdDSA", now=timezone.now() + 1000 * DAY)
    assert rehearse().startswith(f"EdDSA: would bring {key.kid} forward, to sign from ")


def test_dry_run_of_rotate_that_changes_nothing_says_so(key):
    assert rehearse("--if-due") == "Nothing would change.\n"
    successor = rotation.rotate("EdDSA")
    pending, nothing = rehearse().splitlines()
    assert pending.startswith(f"EdDSA: {successor.kid} is already pending, ")
    assert nothing == "Nothing would change."


@pytest.mark.parametrize("setting", ["valid", "wrong"])
def test_dry_run_of_revoke_speaks_of_copies_in_the_conditional(key, settings, setting):
    settings.MCP_JWKS_MAX_AGE = 300 if setting == "valid" else -1
    first, _, last = mcp_keys("revoke", key.kid, "--dry-run").splitlines()
    assert "Cached copies of the JWK Set could be in use" in first
    assert ("MCP_JWKS_MAX_AGE" in first) == (setting == "valid")
    assert last.startswith("Verifiers could refuse its tokens until they fetched the JWK Set again")


def test_dry_run_of_revoking_a_pending_key_says_which_key_would_keep_signing(key):
    pending = rotation.rotate("EdDSA")
    last = mcp_keys("revoke", pending.kid, "--dry-run").splitlines()[-1]
    assert last == f"{key.kid} would keep signing EdDSA tokens."
