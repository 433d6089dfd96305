"""The thread that asks the project sees the database as the thread of the command does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import close_old_connections, connections, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor.project.connections import borrowing, lend, rolled_back
from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.models import SigningKey

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example.com"


@pytest.fixture(autouse=True)
def _nothing_is_shared():
    """Take the connection from the live server of other tests in this process, for the time."""
    own, shared = connections["default"], 0
    while own.allow_thread_sharing:
        own.dec_thread_sharing()
        shared += 1
    yield
    for _ in range(shared):
        own.inc_thread_sharing()


def elsewhere(lent, call):
    """Return what a function returns in another thread, which borrows connections."""

    def run():
        with borrowing(lent):
            return call()

    with ThreadPoolExecutor() as pool:
        return pool.submit(run).result(60)


def test_application_sees_what_is_not_committed():
    rotation.rotate("EdDSA")
    counted = []

    def application(environ, start_response):
        counted.append(SigningKey.objects.count())
        start_response("200 OK", [])
        return []

    DjangoTransport(application).send("GET", ORIGIN)
    assert counted == [SigningKey.objects.count()]


def test_connection_is_shared_while_it_is_lent():
    own = connections["default"]
    lent = lend()
    assert own.allow_thread_sharing
    assert elsewhere(lent, lambda: connections["default"]) is own
    assert not own.allow_thread_sharing


@pytest.fixture
def on_disk(tmp_path):
    """Put a connection to a file in place of that of the tests."""
    own = connections["default"]
    settings = {**own.settings_dict, "NAME": str(tmp_path / "db.sqlite3"), "OPTIONS": {}}
    connections["default"] = opened = DatabaseWrapper(settings, "default")
    yield opened
    opened.close()
    connections["default"] = own


def test_connection_whose_changes_all_can_see_is_not_lent(on_disk):
    on_disk.connect()
    assert "default" not in lend()
    with transaction.atomic():
        lent = lend()
        assert lent["default"] is on_disk
        elsewhere(lent, lambda: None)


def test_connection_stays_open_for_what_is_rolled_back(on_disk):
    on_disk.connect()
    with rolled_back():
        # At the start of a request.
        close_old_connections()
        assert on_disk.introspection.table_names() == []
        assert on_disk.in_atomic_block
    close_old_connections()
    assert on_disk.is_usable()


def test_connection_is_lent_to_one_thread_at_a_time():
    own, lent = connections["default"], lend()
    assert lend() == {}
    elsewhere({}, lambda: None)
    assert lend() == {}
    elsewhere(lent, lambda: None)
    assert lend() == {"default": own}
    elsewhere({"default": own}, lambda: None)


def test_connection_that_nobody_lent_is_closed():
    closed = []

    def use():
        made = connections["default"]
        close = made.close
        made.close = lambda: closed.append(made) or close()
        return made

    made = elsewhere({}, use)
    assert made is not connections["default"]
    assert closed == [made]


def test_view_that_hangs_is_left_alone_with_its_connection():
    released, seen = threading.Event(), []

    def application(environ, start_response):
        seen.append(connections["default"])
        if len(seen) == 1:
            released.wait(60)
        start_response("200 OK", [])
        return []

    try:
        for _ in range(3):
            # Each transport is new: what a view has borrowed is nobody's of them to lend.
            DjangoTransport(application, timeout=0.3).send("GET", ORIGIN)
    finally:
        released.set()
    own = connections["default"]
    assert [one is own for one in seen] == [True, False, False]
    while own.allow_thread_sharing:
        threading.Event().wait(0.01)


def test_what_a_block_writes_is_rolled_back_and_what_was_there_before_stays():
    first = rotation.rotate("EdDSA")
    with rolled_back():
        rotation.rotate("RS256")
    assert [key.kid for key in SigningKey.objects.all()] == [first.kid]


def test_block_may_ask_for_the_outermost_transaction():
    with rolled_back(), transaction.atomic(durable=True):
        rotation.rotate("EdDSA")
    assert not SigningKey.objects.exists()


def test_file_of_a_database_is_not_created(on_disk):
    with rolled_back():
        pass
    assert not Path(on_disk.settings_dict["NAME"]).exists()


def test_database_that_cannot_be_used_is_left_alone(monkeypatch):
    def refuse(alias):
        raise RuntimeError("no database here")

    monkeypatch.setattr(transaction, "atomic", lambda using: refuse(using))
    done = []
    with rolled_back():
        done.append(True)
    assert done == [True]
