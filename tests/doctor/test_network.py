"""Requests over HTTP to servers that are what the Internet has."""

from __future__ import annotations

import socket
import threading

import pytest

from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Trouble,
)
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from tests.doctor.servers import answering, dripping, pouring, serving, silent

HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\n{}"


def ask(port: int, *, timeout=5.0, method="GET", path="/", scheme="http", **options):
    url = f"{scheme}://127.0.0.1:{port}{path}"
    headers = options.pop("headers", ())
    body = options.pop("body", b"")
    transport = HTTPTransport(url, timeout, **options)
    return transport.send(method, url, headers, body)


def test_answer_has_status_headers_and_body():
    with serving(answering(HEAD + b"X-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\n{}")) as port:
        answer = ask(port)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.header("x-a"), answer.body) == (200, "1, 2", b"{}")
    assert (answer.all("X-A"), answer.header("missing"), answer.is_cut) == (["1", "2"], None, False)


def test_answer_has_the_addresses_of_the_host():
    with serving(answering(OK)) as port:
        assert ask(port).addresses == ("127.0.0.1",)


def test_failure_before_any_look_up_has_no_addresses():
    assert HTTPTransport("mailto:a@b").send("GET", "mailto:a@b").addresses == ()


def sent(**options) -> bytes:
    seen: list[bytes] = []

    def keep(connection, request):
        is_whole = b"Content-Length: 2" not in request or request.endswith(b"{}")
        seen.append(request if is_whole else request + connection.recv(2))
        connection.sendall(OK)

    with serving(keep) as port:
        ask(port, **options)
    return seen[0].replace(str(port).encode(), b"PORT")


def test_request_asks_for_plain_octets_and_one_answer():
    assert sent(path="/mcp?tenant=7").split(b"\r\n") == [
        b"GET /mcp?tenant=7 HTTP/1.1",
        b"Host: 127.0.0.1:PORT",
        b"Accept-Encoding: identity",
        b"Connection: close",
        b"",
        b"",
    ]


def test_host_can_be_forged():
    request = sent(headers=[("Host", "forged.invalid"), ("X-Forwarded-Host", "a")])
    assert request.count(b"Host:") == 2
    assert b"\r\nHost: forged.invalid\r\n" in request


def test_empty_post_has_a_length():
    assert b"\r\nContent-Length: 0\r\n" in sent(method="POST")


def test_body_is_sent():
    assert sent(method="POST", body=b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")


def test_redirect_is_an_answer():
    with serving(answering(b"HTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\n")) as port:
        answer = ask(port)
    assert (answer.status, answer.header("location")) == (301, "/b")


def test_head_has_no_body():
    with serving(answering(HEAD + b"Content-Length: 700\r\n\r\n")) as port:
        assert ask(port, method="HEAD").body == b""


def test_chunks_are_joined():
    octets = b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    with serving(answering(HEAD + octets)) as port:
        assert ask(port).body == b"{}"


@pytest.mark.parametrize(
    "behave",
    {
        "nothing": silent,
        "status": dripping(b"H", b"T"),
        "headers": dripping(HEAD + b"X: ", b"a"),
        "interim": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "body": dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b"a"),
        "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_server_that_drips_is_late(behave):
    with serving(behave[1]) as port:
        failure = ask(port, timeout=0.2)
    assert failure.trouble is Trouble.TIMEOUT
    assert failure.reason == "not complete after 0.2 seconds"


@pytest.mark.parametrize("head", [b"\r\n", b"Content-Length: 99999999\r\n\r\n"])
def test_endless_body_is_cut(head):
    with serving(pouring(HEAD + head, b"a" * 65536)) as port:
        answer = ask(port)
    assert (len(answer.body), answer.is_cut) == (SIZE_LIMIT, True)


@pytest.mark.parametrize(
    "behave",
    {
        "headers": pouring(HEAD, b"X: y\r\n" * 1000),
        "one header": pouring(HEAD + b"X: ", b"y" * 65536),
        "interim": pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "chunk sizes": pouring(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 9000 + b"\r\na\r\n"
        ),
        "length": answering(HEAD + b"Content-Length: 9\r\n\r\n{}"),
        "chunk": answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}"),
        "nonsense": answering(b"220 mail.example.com ESMTP\r\n"),
        "silence": answering(b""),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_what_is_no_answer_is_broken(behave):
    with serving(behave[1]) as port:
        assert ask(port).trouble is Trouble.BROKEN


def test_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(port).trouble is Trouble.REFUSED


def addresses(*hosts: str, port=9):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]


def test_unknown_name_is_told():
    def resolver(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    failure = HTTPTransport("https://a.example.com/", resolver=resolver).send(
        "GET", "https://a.example.com/"
    )
    assert failure.trouble is Trouble.NAME
    assert "Name or service not known" in failure.reason


def test_look_up_that_never_ends_is_late():
    released = threading.Event()

    def resolver(host, port):
        released.wait(10)
        return []

    transport = HTTPTransport("https://a.example.com/", 0.1, resolver=resolver)
    try:
        assert transport.send("GET", "https://a.example.com/").trouble is Trouble.TIMEOUT
    finally:
        released.set()


def test_name_without_address_is_refused():
    transport = HTTPTransport("https://a.example.com/", resolver=lambda host, port: [])
    assert transport.send("GET", "https://a.example.com/").trouble is Trouble.REFUSED


def test_next_address_is_tried():
    with serving(answering(OK)) as port, socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
        listener.close()
        both = addresses("127.0.0.1", port=closed) + addresses("127.0.0.1", port=port)
        transport = HTTPTransport("http://a.test/", resolver=lambda host, port: both)
        assert transport.send("GET", "http://a.test/").status == 200


def test_addresses_are_tried_a_few_times():
    with serving(answering(OK)) as port, socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
        listener.close()
        many = addresses(*["127.0.0.1"] * 4, port=closed) + addresses("127.0.0.1", port=port)
        transport = HTTPTransport("http://a.test/", resolver=lambda host, port: many)
        assert transport.send("GET", "http://a.test/").trouble is Trouble.REFUSED


def elsewhere(home: str, other: str, port: int) -> Answer | Failure:
    """Ask another host than the user's own, each at one address."""
    places = {"home.example.com": home, "other.example.com": other}
    transport = HTTPTransport(
        "http://home.example.com/",
        0.5,
        resolver=lambda host, _: addresses(places[host], port=port),
    )
    if home.startswith("127"):
        transport.send("GET", "http://home.example.com/")
    return transport.send("GET", "http://other.example.com/")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "0.0.0.0"])
def test_private_network_behind_a_public_document_is_not_contacted(address):
    failure = elsewhere("93.184.215.14", address, 9)
    assert failure.trouble is Trouble.PRIVATE
    assert failure.reason == f"other.example.com is at {address}; not contacted"


def test_private_network_is_contacted_from_within():
    with serving(answering(OK)) as port:
        assert elsewhere("127.0.0.1", "127.0.0.1", port).status == 200


def test_all_requests_share_a_budget():
    with serving(silent) as port:
        url = f"http://127.0.0.1:{port}/"
        transport = HTTPTransport(url, 5, budget=0.1)
        failures = [transport.send("GET", url) for _ in range(2)]
    assert [one.trouble for one in failures] == [Trouble.CUT, Trouble.CUT]
    assert {one.reason for one in failures} == {"the 0.1 seconds for all requests are over"}


def test_time_of_an_answer_is_told_as_it_was_given():
    with serving(silent) as port:
        url = f"http://127.0.0.1:{port}/"
        failure = HTTPTransport(url, 0.125, budget=60).send("GET", url)
    assert (failure.trouble, failure.reason) == (
        Trouble.TIMEOUT,
        "not complete after 0.125 seconds",
    )


@pytest.mark.parametrize("url", ["ftp://a.example.com/", "/mcp", "https://a.example.com/\x1b[31m"])
def test_what_is_no_http_url_is_not_asked(url):
    failure = HTTPTransport("https://a.example.com/").send("GET", url)
    assert (failure.trouble, failure.reason) == (Trouble.BROKEN, "this is not an http URL")


def test_client_that_cannot_send_is_late():
    """The server takes nothing, and the buffers of both sides are full at some point."""

    def stuck(connection, request):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        stop.wait(10)

    stop = threading.Event()
    with serving(stuck) as port:
        try:
            failure = ask(port, timeout=0.3, method="POST", body=b"a" * 30_000_000)
            assert failure.trouble is Trouble.TIMEOUT
        finally:
            stop.set()
