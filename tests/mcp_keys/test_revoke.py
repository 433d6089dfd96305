"""`mcp_keys revoke`"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.lifetimes import stamp
from mcp_oauth_discovery.models import SigningKey, State
from tests.mcp_keys.command import REFUSED_AT_FIRST, active, document, mcp_keys, pending

pytestmark = pytest.mark.django_db


def test_revoke_says_until_when_copies_may_be_in_use(key, settings):
    settings.MCP_JWKS_MAX_AGE = 600
    before = timezone.now()
    first, *more = mcp_keys("revoke", key.kid).splitlines()
    # The age, and the 5 s after which every process has read the keys anew.
    spans = (at + timedelta(seconds=605) for at in (before, timezone.now()))
    start = f"Revoked {key.kid}. Cached copies of the JWK Set may be in use until "
    end = " (MCP_JWKS_MAX_AGE). Purge shared caches to shorten that."
    earliest, latest = (f"{start}{stamp(until)}{end}" for until in spans)
    assert earliest <= first <= latest
    assert more == [
        f"{active().kid} now signs EdDSA tokens.",
        REFUSED_AT_FIRST.replace("5 min 5 s", "10 min 5 s"),
    ]


def test_revoke_as_json_tells_until_when_copies_may_be_in_use(key):
    before = timezone.now()
    cached_until = datetime.fromisoformat(document("revoke", key.kid)["cached_until"])
    assert before <= cached_until - timedelta(seconds=305) <= timezone.now()


def test_copies_are_cached_until_the_others_can_see_the_revocation(key):
    committed = []

    def note(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            committed.append(timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        outcome = document("revoke", key.kid)
    assert datetime.fromisoformat(outcome["revoked"]["revoked_at"]) < committed[-1]
    assert datetime.fromisoformat(outcome["cached_until"]) - timedelta(seconds=305) > committed[-1]


@pytest.mark.parametrize("age", [-1, "300", 10**15], ids=repr)
def test_revoke_waits_for_no_setting_to_be_mended(key, settings, age):
    settings.MCP_JWKS_MAX_AGE = age
    assert mcp_keys("revoke", key.kid).splitlines() == [
        f"Revoked {key.kid}. Cached copies of the JWK Set may be in use. For how long "
        "is unknown: run manage.py check. Purge shared caches to shorten that.",
        f"{active().kid} now signs EdDSA tokens.",
        "Verifiers may refuse its tokens until they fetch the JWK Set again.",
    ]
    assert active() != key


def test_revoke_as_json_leaves_out_a_time_that_is_unknown(key, settings):
    settings.MCP_JWKS_MAX_AGE = -1
    outcome = document("revoke", key.kid)
    assert (outcome["revoked"]["state"], outcome["cached_until"]) == ("revoked", None)


def test_revoke_takes_the_key_out_of_the_published_ones(key):
    mcp_keys("revoke", key.kid)
    assert key not in SigningKey.objects.published()


def test_revoke_of_a_pending_key_leaves_the_active_one(key):
    rotation.rotate("EdDSA")
    assert mcp_keys("revoke", pending().kid).endswith(f"\n{key.kid} keeps signing EdDSA tokens.\n")


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry-run", "in-earnest"])
def test_revoke_of_an_unknown_algorithm_says_that_nothing_follows(key, options):
    SigningKey.objects.update(algorithm="Ed448")
    said = mcp_keys("revoke", key.kid, *options).splitlines()
    line = "No key would sign Ed448 tokens then." if options else "No key signs Ed448 tokens now."
    assert said[1:] == [line]


@pytest.mark.parametrize("state", [State.RETIRED, State.EXPIRED])
def test_revoke_takes_keys_that_sign_no_more(keys, state):
    outcome = document("revoke", keys[state].kid)
    assert (outcome["revoked"]["state"], outcome["successor"]["kid"]) == ("revoked", active().kid)
