"""Requests to the project itself have their time, and streams are judged by their head.

Views that never come back are in `test_endless_project`, each in a process of its own.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from mcp_oauth_discovery.doctor.project.in_process import DjangoTransport
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Answer, Failure, Trouble

ORIGIN = "https://app.example.com"
ACCEPT = (("Accept", "application/json, text/event-stream"),)
EVENTS = ("Content-Type", "text/event-stream")


class Body:
    """What an application sends; it remembers whether it was read and closed."""

    is_async = False

    def __init__(self, *chunks: bytes, then=lambda: None) -> None:
        self.chunks = chunks
        self.then = then
        self.is_read = self.is_closed = False

    def __iter__(self):
        self.is_read = True
        yield from self.chunks
        while (chunk := self.then()) is not None:
            yield chunk

    def close(self) -> None:
        self.is_closed = True


class LaterBody(Body):
    """The same, as Django has it for an asynchronous iterator."""

    is_async = True

    async def __aiter__(self):
        self.is_read = True
        for chunk in self.chunks:
            yield chunk
        while (chunk := await asyncio.to_thread(self.then)) is not None:
            yield chunk


def ask(body, *fields, headers=ACCEPT, method="GET", **options) -> Answer | Failure:
    def application(environ, start_response):
        start_response("200 OK", list(fields))
        return body

    return DjangoTransport(application, **options).send(method, f"{ORIGIN}/mcp", headers)


both = pytest.mark.parametrize("kind", [Body, LaterBody])


@both
def test_answer_that_ends_is_whole(kind):
    body = kind(b"a", b"b")
    answer = ask(body)
    assert (answer.body, answer.is_cut, body.is_closed) == (b"ab", False, True)


@both
def test_answer_without_end_is_cut(kind):
    body = kind(then=lambda: b"a" * 65536)
    answer = ask(body)
    assert (len(answer.body), answer.is_cut, body.is_closed) == (SIZE_LIMIT, True, True)


@both
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stream_of_events_is_not_read(kind, method):
    body = kind(b"a")
    answer = ask(body, EVENTS, method=method)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"", True)
    assert (body.is_read, body.is_closed) == (False, True)


def test_stream_that_starts_with_its_first_event_is_not_read_further():
    def application(environ, start_response):
        start_response("200 OK", [EVENTS])
        yield b": hello"
        raise AssertionError("nobody asked for more")

    answer = DjangoTransport(application).send("GET", ORIGIN, ACCEPT)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"", True)


def drip() -> bytes:
    threading.Event().wait(0.02)
    return b"a"


@both
def test_stream_of_another_kind_is_judged_by_its_head(kind):
    answer = ask(kind(then=drip), timeout=1)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"", True)
    assert answer.seconds < 1


@both
def test_document_that_comes_to_no_end_is_late(kind):
    failure = ask(kind(then=drip), headers=(), timeout=0.3)
    assert (failure.trouble, failure.reason) == (Trouble.TIMEOUT, "not complete after 0.3 seconds")


def test_late_stream_is_cancelled_and_closed():
    closed = threading.Event()

    class Forever(LaterBody):
        async def __aiter__(self):
            yield b"a"
            await asyncio.Event().wait()

        def close(self):
            closed.set()

    assert ask(Forever(), headers=(), timeout=0.3).trouble is Trouble.TIMEOUT
    assert closed.wait(30)


def test_application_that_does_not_come_back_is_late():
    released = threading.Event()

    def application(environ, start_response):
        released.wait(60)
        return []

    try:
        failure = DjangoTransport(application, timeout=0.2).send("GET", ORIGIN)
        assert failure.trouble is Trouble.TIMEOUT
    finally:
        released.set()


def test_nothing_is_asked_when_the_time_is_over():
    asked = []

    def application(environ, start_response):
        asked.append(environ)
        start_response("200 OK", [])
        return Body(then=drip)

    transport = DjangoTransport(application, timeout=60, budget=0.3)
    troubles = [transport.send("GET", ORIGIN).trouble for _ in range(3)]
    assert (troubles, len(asked)) == ([Trouble.CUT] * 3, 1)
