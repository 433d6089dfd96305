"""Streams over HTTP: their head is an answer, and nobody waits for their end."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Trouble
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from tests.doctor.servers import answering, dripping, serving

ACCEPT = (("Accept", "application/json, text/event-stream"),)
OK = b"HTTP/1.1 200 OK\r\n"
EVENTS = OK + b"Content-Type: Text/Event-Stream; charset=utf-8\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"1\r\n:\r\n"


def ask(behave, method="GET", headers=ACCEPT, timeout=3.0) -> Answer | Failure:
    with serving(behave) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        return HTTPTransport(url, timeout).send(method, url, headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("rest", [b"\r\n", CHUNKED, b"Content-Length: 99\r\n\r\n"])
def test_open_stream_of_events_is_an_answer(method, rest):
    answer = ask(dripping(EVENTS + rest, b""), method)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"", True)


@pytest.mark.parametrize(("rest", "drop"), [(b"\r\n", b"a"), (CHUNKED, CHUNK)])
def test_open_stream_of_another_kind_is_an_answer_to_get(rest, drop):
    """Its time is that of its head."""
    answer = ask(dripping(OK + rest, drop), timeout=1.0)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"", True)
    assert answer.seconds < 1


@pytest.mark.parametrize(
    ("method", "headers", "head"),
    [
        ("POST", ACCEPT, OK + b"\r\n"),
        ("GET", ACCEPT, OK + b"Content-Length: 9999\r\n\r\n"),
        ("GET", (("Accept", "application/json"),), OK + b"\r\n"),
        ("GET", (("Accept", "application/json"),), EVENTS + b"\r\n"),
        ("GET", (), EVENTS + b"\r\n"),
    ],
    ids=["to POST", "with a length", "not asked for", "events not asked for", "nothing asked for"],
)
def test_what_is_no_stream_is_late(method, headers, head):
    assert ask(dripping(head, b"a"), method, headers, timeout=0.3).trouble is Trouble.TIMEOUT


def test_answer_that_ends_is_whole():
    answer = ask(answering(OK + b"\r\n{}"))
    assert isinstance(answer, Answer)
    assert (answer.body, answer.is_cut) == (b"{}", False)
