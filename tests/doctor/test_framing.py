"""HTTP/1.1 answers, and octets that clients refuse as such."""

from __future__ import annotations

import io
import json

import pytest

from mcp_oauth_discovery.doctor.transport.framing import (
    MOST_INTERIM,
    Malformed,
    read_body,
    read_head,
)
from mcp_oauth_discovery.doctor.transport.messages import Answer
from tests.doctor.servers import answering, serving

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
FINAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"


def read(octets: bytes, method="GET", limit=64) -> tuple[Answer, bytes]:
    stream = io.BufferedReader(io.BytesIO(octets))
    head = read_head(stream, method, "https://app.example.com")
    return head, read_body(stream, head, limit)


@pytest.mark.parametrize(
    "octets",
    [
        OK + b"Content-Length: 2\r\n\r\n{}",
        OK + b"\r\n{}",
        b"HTTP/1.0 200\r\n\r\n{}",
        CHUNKED + b"1\r\n{\r\n1;name=value\r\n}\r\n0\r\n\r\n",
        CHUNKED + b"0002 \r\n{}\r\n0\r\nX-Trailer: 1\r\nContent-Length: 9\r\n\r\n",
        OK + b"transfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_body_is_as_long_as_the_head_says(octets):
    assert read(octets)[1] == b"{}"


def test_fields_keep_their_order_and_lose_the_blanks_around():
    head, _ = read(OK + b"B:  two \r\nA: one\r\n\tand more\r\nB:\r\n\r\n")
    assert head.headers == (("B", "two"), ("A", "one and more"), ("B", ""))
    assert head.all("b") == ["two", ""]


@pytest.mark.parametrize("octets", [OK + b"Content-Length: 99\r\n\r\n", CHUNKED])
def test_head_has_no_body(octets):
    assert read(octets, method="HEAD")[1] == b""


@pytest.mark.parametrize("status", [b"101 A", b"204 B", b"304 C"])
def test_status_without_a_body(status):
    assert read(b"HTTP/1.1 " + status + b"\r\n\r\n{}")[1] == b""


@pytest.mark.parametrize(
    "octets", [OK + b"\r\n", CHUNKED + b"ffff\r\n", OK + b"Content-Length: 99999\r\n\r\n"]
)
def test_nothing_is_read_beyond_the_limit(octets):
    assert read(octets + b"a" * 65535 + b"\r\n0\r\n\r\n")[1] == b"a" * 64


@pytest.mark.parametrize(
    "interim",
    [EARLY_HINTS, PROCESSING, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 199 Odd\r\n\r\n"],
    ids=["103", "102", "100", "199"],
)
def test_interim_answers_are_not_the_answer(interim):
    head, body = read(interim * MOST_INTERIM + FINAL)
    assert (head.status, body, head.all("link")) == (401, b"{}", [])


def test_interim_answers_of_several_kinds_are_read_past():
    assert read(EARLY_HINTS + PROCESSING + EARLY_HINTS + FINAL)[0].status == 401


def test_switching_protocols_is_the_answer():
    assert read(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n" + FINAL)[0].status == 101


def test_flood_of_interim_answers_ends():
    with pytest.raises(Malformed, match="more than 100 interim answers"):
        read(EARLY_HINTS * (MOST_INTERIM + 1) + FINAL)


SIZES = [
    b"-1", b"", b"+2", b"0x2", b"2_0", b" 2", b"2 x", b"2\x00", b"2\r", b"f" * 17, b"\xd9\xa2",
    b"2;" + b"x" * 70_000,
]  # fmt: skip
LENGTHS = [
    b"-1", b"", b"+2", b"0x2", b"2_0", b"2, 2", b"\xb2", b"9" * 5000, b"2\r\nContent-Length: 2",
]  # fmt: skip
FIRST_LINES = [
    b"", b"HTTP/1.1", b"HTTP/1.1 abc", b"HTTP/1.1 99 A", b"HTTP/1.1 2000 A",
    b"HTTP/1.1 \xb2\xb9\xb3 A", b"HTTP/1.1  200 A", b"HTTP/2 200", b"HTTP/0.9 200 A",
    b"http/1.1 200 A", b"HTTP/1.1 200 A\x00", b"HTTP/1.1 200 A\rX: y", b"\x15\x03\x01\x00\x02",
]  # fmt: skip
FIELDS = [
    b"name", b": value", b" first: folded", b"a b: c", b"a : b", b"a\x00: b", b"a: \x00",
    b"a: b\rSet-Cookie: c", b"\xff: b", b"a: b\nc: d", b"a: " + b"b" * 70_000, b"a: b\r\n" * 101,
    b"a: b" + b"\r\n b" * 101,
]  # fmt: skip
MALFORMED = [
    *(CHUNKED + size + b"\r\n{}\r\n0\r\n\r\n" for size in SIZES),
    CHUNKED + b"2\r\n{}\r\n-1\r\n{}\r\n",
    *(OK + b"Content-Length: " + length + b"\r\n\r\n{}" for length in LENGTHS),
    *(line + b"\r\nContent-Length: 2\r\n\r\n{}" for line in FIRST_LINES),
    *(OK + field + b"\r\n\r\n{}" for field in FIELDS),
    *(CHUNKED + b"0\r\n" + field + b"\r\n\r\n" for field in (b"name", b"a: b\r\n" * 101)),
    *(
        OK + b"Transfer-Encoding: " + name + b"\r\n\r\n0\r\n\r\n"
        for name in (b"gzip, chunked", b"identity", b"chunked\r\nTransfer-Encoding: chunked")
    ),
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"9\r\n{}",
    CHUNKED + b"2\r\n{}\r\n0\r\n",
    CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer",
    OK + b"Content-Length: 3\r\n\r\n{}",
    OK[:-2] + b"\n\n{}",
    OK,
    EARLY_HINTS,
    b'{"a": 1}',
    b"\x00" * 70_000,
    b"",
]


@pytest.mark.parametrize("octets", MALFORMED, ids=lambda octets: repr(octets[:60]))
def test_what_clients_refuse_is_malformed(octets):
    with pytest.raises(Malformed) as caught:
        read(octets)
    assert str(caught.value)


@pytest.mark.parametrize("size", [b"-1", b"", b"f" * 17])
def test_report_is_whole_whatever_the_size_of_a_chunk(run, size):
    with serving(answering(CHUNKED + size + b"\r\n{}\r\n0\r\n\r\n")) as port:
        output, message = run("check", f"http://127.0.0.1:{port}/mcp", "--json")
    [report] = json.loads(output)["reports"]
    assert [one["code"] for one in report["findings"]] == ["reach-broken"]
    assert f"the size of a chunk is {size.decode()!r}" in report["findings"][0]["seen"]
    assert message == "1 error. Start with reach-broken."


def test_answer_behind_interim_ones_is_judged(run):
    final = b"HTTP/1.1 401 A\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(EARLY_HINTS + PROCESSING + final)) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        output, _ = run("check", url, "--json", "--only", "endpoint,challenge,answer-unexpected")
    [report] = json.loads(output)["reports"]
    assert [one["code"] for one in report["findings"]] == ["endpoint-ok", "challenge-not-bearer"]
