"""`mcp_keys prune`"""

from __future__ import annotations

import pytest

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey
from tests.mcp_keys.command import document, mcp_keys, rows

pytestmark = pytest.mark.django_db


def test_prune_says_what_it_erases_and_deletes(prunable):
    erased, deleted = prunable
    assert mcp_keys("prune").splitlines() == [
        f"Erased the private key of {erased.kid}.",
        f"Deleted {deleted.kid}.",
    ]
    erased.refresh_from_db()
    assert (erased.private_key, FormerKey.objects.get().kid) == ("", deleted.kid)


def test_prune_leaves_the_keys_that_sign(key):
    rotation.rotate("EdDSA")
    before = rows()
    assert mcp_keys("prune") == "Nothing to prune.\n"
    assert rows() == before


def test_second_prune_finds_nothing(prunable):
    mcp_keys("prune")
    assert mcp_keys("prune") == "Nothing to prune.\n"


def test_prune_as_json_tells_the_kids(prunable):
    erased, deleted = prunable
    assert document("prune") == {
        "erased": [erased.kid],
        "deleted": [deleted.kid],
        "dry_run": False,
    }
