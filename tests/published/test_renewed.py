"""A token with an unknown `kid` has the keys read again, but not every such token does."""

from __future__ import annotations

import time
from unittest.mock import patch

import pytest
from django.db import connection, transaction

from mcp_oauth_discovery.signing import InvalidToken, copies, sign_jwt, verify, verify_jwt
from tests import ORIGIN
from tests.keys import HOUR, NOW, broken_database, make_key, on_every_connection
from tests.published.copies import kids, reading_threads, readings, silence

SECOND = copies.READ_AGAIN_AFTER


@pytest.fixture
def read(keys, transactional_db):
    """A new copy, which knows no key."""
    keys.at(NOW)
    return keys


def publish_elsewhere(key):
    """Change a row as another process does."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mcp_oauth_discovery_signingkey SET revoked_at = NULL")
    return key


@pytest.fixture
def new(keys, transactional_db):
    """A key of another process, published since the last reading of `keys`."""
    key = make_key(revoked_at=NOW)
    assert kids(keys) == []
    return publish_elsewhere(key)


def test_key_of_another_process_is_found_immediately(keys, new):
    assert kids(keys) == []
    assert new.kid in keys.renewed().by_kid


def test_key_of_another_process_is_in_the_next_set_too(keys, new):
    keys.renewed()
    assert kids(keys) == [new.kid]


def test_unknown_kids_cause_one_reading_in_a_second(read, clock):
    with readings() as seen:
        for _ in range(12):
            read.renewed()
            clock.seconds += SECOND / 4
    assert len(seen()) == 3


def test_process_without_a_copy_reads_once(keys, transactional_db):
    key = make_key()
    with readings() as seen:
        assert key.kid in keys.renewed().by_kid
    assert len(seen()) == 1


def test_unknown_kid_waits_once_for_a_silent_database(read):
    with silence() as silent:
        assert [read.renewed().keys for _ in range(5)] == [()] * 5
        assert silent.asked == 1


def test_readings_for_an_unknown_kid_wait_no_longer_together_than_one(read):
    read.renewed()

    def wait(execute, sql, params, many, context):
        time.sleep(copies.SHORT_WAIT * 3 / 4)
        return execute(sql, params, many, context)

    # The clock of the copies stands still, so each attempt of each call may begin a reading.
    with on_every_connection(wait), patch.object(copies, "READ_AGAIN_AFTER", 0):
        began = time.monotonic()
        read.renewed()
        waited = time.monotonic() - began
        for thread in reading_threads():
            thread.join()
    assert waited < copies.SHORT_WAIT * 5 / 4


def test_request_that_has_waited_for_the_copy_waits_no_longer(read):
    with silence():
        began = time.monotonic()
        assert read.renewed(0).keys == ()
        assert time.monotonic() - began < copies.SHORT_WAIT / 2


def test_last_copy_is_served_while_the_database_is_down(stale, caplog):
    before = stale.at(NOW)
    with broken_database():
        assert list(stale.renewed().keys) == before
    assert [record.event for record in caplog.records] == ["jwks.stale"]


def test_last_copy_is_served_where_no_thread_can_be_started(read, monkeypatch, caplog):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    assert read.renewed().keys == ()
    assert [record.event for record in caplog.records] == ["jwks.stale"]


def test_uncommitted_keys_are_read_on_their_own_connection(keys, transactional_db):
    with transaction.atomic():
        key = make_key()
        assert key.kid in keys.renewed().by_kid


@pytest.fixture
def token(keys, transactional_db, settings, monkeypatch):
    """A token of a key that is not in the copy of this process."""
    settings.MCP_ISSUER = ORIGIN
    monkeypatch.setattr(verify, "published_keys", keys)
    key = make_key(generation=1, revoked_at=None)
    token = sign_jwt({"aud": "x", "exp": (NOW + HOUR).timestamp()}, algorithm="EdDSA", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mcp_oauth_discovery_signingkey SET revoked_at = created_at")
    assert kids(keys) == []
    publish_elsewhere(key)
    return token


def test_first_token_of_a_key_of_another_process_is_accepted(token):
    assert verify_jwt(token, audience="x", now=NOW)["iss"] == ORIGIN


def test_token_of_another_issuer_has_no_keys_read(token, settings):
    settings.MCP_ISSUER = "https://other.example.com"
    with readings() as seen, pytest.raises(InvalidToken, match="unknown key"):
        verify_jwt(token, audience="x", now=NOW)
    assert seen() == []


def test_token_without_readable_claims_has_no_keys_read(token):
    header, _, signature = token.split(".")
    with readings() as seen, pytest.raises(InvalidToken, match="unknown key"):
        verify_jwt(f"{header}.eA.{signature}", audience="x", now=NOW)
    assert seen() == []


def test_token_of_no_key_is_refused_after_the_reading(token):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mcp_oauth_discovery_signingkey")
    with pytest.raises(InvalidToken, match="unknown key"):
        verify_jwt(token, audience="x", now=NOW)
