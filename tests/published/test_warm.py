"""The copy that needs no query and no waiting, and whether it is that of every request."""

from __future__ import annotations

import os
import warnings
from threading import Thread

import pytest
from django.db import connections, transaction

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys.cache import reset_after_fork
from mcp_oauth_discovery.signing.published import published_keys
from tests.keys import NOW
from tests.published.copies import reading_threads, readings


class OtherRouter:
    """Chooses the database that there is; no one can say for whom."""

    def db_for_read(self, model, **hints):
        return "default"


@pytest.fixture
def read(keys, transactional_db):
    """A copy that has just been read."""
    rotation.rotate("EdDSA", now=NOW)
    keys.at(NOW)
    join_readings()
    return keys


def join_readings():
    for thread in reading_threads():
        thread.join()


def is_for_all(keys):
    """Say whether the copy is that of every request, by both ways to ask."""
    answers = {keys.is_shared(), keys.shared() is not None}
    assert len(answers) == 1
    return answers.pop()


def test_warm_copy_is_the_one_that_is_served(read):
    assert read.warm() is read.shared() is read.copy()


def test_copy_is_the_same_object_until_the_next_reading(read, clock):
    copy = read.copy()
    clock.seconds += 4.9
    assert read.copy() is copy
    clock.seconds += 0.1
    read.copy()
    join_readings()
    assert read.copy() is not copy


def test_unchanged_key_is_the_same_object_after_the_next_reading(read, clock):
    before = read.copy()
    clock.seconds += 60
    read.copy()
    join_readings()
    after = read.copy()
    assert after is not before
    assert after.keys[0] is before.keys[0]


@pytest.mark.parametrize("name", ["warm", "shared"])
def test_copy_that_must_be_read_first_is_not_warm(keys, name, transactional_db):
    with readings() as found:
        assert getattr(keys, name)() is None
        join_readings()
    assert found() == []


@pytest.mark.parametrize("name", ["warm", "shared"])
def test_old_copy_is_not_warm_and_is_not_read_again(read, clock, name):
    clock.seconds += 5
    with readings() as found:
        assert getattr(read, name)() is None
        join_readings()
    assert found() == []


@pytest.mark.parametrize("name", ["warm", "shared"])
def test_copy_from_before_a_local_change_is_not_warm(read, name):
    rotation.rotate("RS256", now=NOW)
    assert getattr(read, name)() is None


def test_copy_of_other_connections_is_not_warm_in_a_transaction_that_changed_keys(read):
    with transaction.atomic():
        rotation.rotate("RS256", now=NOW)
        # Another thread renews its copy, without the uncommitted key.
        other = Thread(target=read.at, args=(NOW,))
        other.start()
        other.join()
        join_readings()
        assert read.warm() is None
        assert not read.is_shared()


def test_copy_of_the_only_store_is_that_of_every_request(read):
    assert is_for_all(read)


def test_router_may_choose_a_store_for_each_request(read, settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.OtherRouter"]
    assert not is_for_all(read)


def test_connection_with_a_schema_may_be_that_of_a_tenant(keys, monkeypatch, transactional_db):
    wrapper = type(connections["default"])
    monkeypatch.setattr(wrapper, "schema_name", "public", raising=False)
    monkeypatch.setattr(wrapper, "set_schema", lambda *args: None, raising=False)
    keys.at(NOW)
    assert not is_for_all(keys)


def test_second_store_of_the_process_is_one_too_many(read):
    copies = read._stores  # noqa: SLF001
    (known,) = copies
    copies[known._replace(database="other")] = copies[known]
    assert not is_for_all(read)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_forked_process_has_no_warm_copy(transactional_db):
    published_keys.at(NOW)
    join_readings()
    with warnings.catch_warnings():
        # Python 3.12 and newer warn of a fork while threads run, which is the subject here.
        warnings.filterwarnings("ignore", "This process", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(0 if published_keys.shared() is published_keys.warm() is None else 7)
    assert os.waitpid(child, 0)[1] == 0
    assert published_keys.shared() is published_keys.warm() is not None


def test_system_without_fork_needs_no_hook(monkeypatch):
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    reset_after_fork(pytest.fail)


def test_store_that_is_not_in_the_settings_may_be_that_of_a_tenant(read, monkeypatch):
    other = {**connections["default"].settings_dict, "USER": "another"}
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings, "default", other)
        assert read.shared() is None


def test_store_of_an_alias_that_is_gone_is_not_that_of_every_request(read, monkeypatch):
    # Undone before the test ends, because the database is emptied then.
    with monkeypatch.context() as patch:
        patch.delitem(connections.settings, "default")
        assert read.shared() is None
