"""The thread that asks the project sees the database as the thread of the command does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.doctor.django_transport import DjangoTransport
from mcp_oauth_discovery.doctor.lending import Lender, borrowing
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
    lender, own = Lender(), connections["default"]
    lent = lender.lend()
    assert elsewhere(lent, lambda: connections["default"]) is own
    assert own.allow_thread_sharing
    lender.take_back(lent, is_free=True)
    assert not own.allow_thread_sharing
    assert lender.lend()["default"] is own
    own.dec_thread_sharing()


def test_nothing_is_lent_once_somebody_does_not_give_it_back():
    lender, own = Lender(), connections["default"]
    lender.take_back(lender.lend(), is_free=False)
    assert (lender.lend(), own.allow_thread_sharing) == ({}, True)
    own.dec_thread_sharing()


def test_return_of_nothing_earns_no_trust_again():
    lender, own = Lender(), connections["default"]
    lender.take_back(lender.lend(), is_free=False)
    lender.take_back(lender.lend(), is_free=True)
    assert lender.lend() == {}
    own.dec_thread_sharing()


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


def test_project_that_hangs_once_is_lent_nothing_more():
    released, seen = threading.Event(), []

    def application(environ, start_response):
        seen.append(connections["default"])
        if len(seen) == 1:
            released.wait(60)
        start_response("200 OK", [])
        return []

    transport = DjangoTransport(application, timeout=0.3)
    try:
        for _ in range(3):
            transport.send("GET", ORIGIN)
    finally:
        released.set()
    own = connections["default"]
    assert [one is own for one in seen] == [True, False, False]
    own.dec_thread_sharing()
