"""`--dry-run` says everything and does nothing."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import State
from tests.mcp_keys.command import REFUSED_AT_FIRST, document, fails, mcp_keys, rows

pytestmark = pytest.mark.django_db


def test_dry_run_of_prune_only_says_what_would_go(prunable):
    erased, deleted = prunable
    before = rows()
    assert mcp_keys("prune", "--dry-run").splitlines() == [
        f"Would have erased the private key of {erased.kid}.",
        f"Would have deleted {deleted.kid}.",
    ]
    assert rows() == before


@pytest.mark.parametrize("command", ["retire", "revoke"])
@pytest.mark.parametrize("has_successor", [True, False], ids=["pending", "alone"])
def test_dry_run_changes_nothing(key, command, has_successor):
    if has_successor:
        rotation.rotate("EdDSA")
    before = rows()
    assert mcp_keys(command, key.kid, "--dry-run").startswith(f"Would have {command}")
    assert rows() == before


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_names_the_pending_key_as_successor(key, command):
    kid = rotation.rotate("EdDSA").kid
    said = mcp_keys(command, key.kid, "--dry-run").splitlines()
    assert said[1:] == [f"{kid} would sign EdDSA tokens.", REFUSED_AT_FIRST]
    assert document(command, key.kid, "--dry-run")["successor"]["kid"] == kid


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_does_not_name_a_key_that_never_is(key, command):
    said = mcp_keys(command, key.kid, "--dry-run").splitlines()
    assert said[1:] == ["A new key would sign EdDSA tokens.", REFUSED_AT_FIRST]
    assert document(command, key.kid, "--dry-run")["successor"]["kid"] is None


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_dry_run_fails_as_the_real_one_does(keys, command):
    line = fails(command, keys[State.REVOKED].kid, "--dry-run")
    assert line == fails(command, keys[State.REVOKED].kid)
