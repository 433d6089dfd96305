"""What the doctor reads from a site: HTTP answers, documents, key sets, and all in one report."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from typing import Any

from mcp_oauth_discovery.doctor.output.text import lines
from mcp_oauth_discovery.doctor.report import Report
from mcp_oauth_discovery.doctor.steps import key_forms
from mcp_oauth_discovery.doctor.transport.framing import Malformed, read_body, read_head
from mcp_oauth_discovery.doctor.transport.messages import Answer, is_event_stream, may_be_stream
from mcp_oauth_discovery.doctor.walk.headers import ENDPOINT as REQUEST
from mcp_oauth_discovery.doctor.walk.reading import DEEPEST, gist, read
from mcp_oauth_discovery.keys import files
from tests.doctor.world import JWKS, PRM, SERVER, World, report_on
from tests.keys import VECTORS, as_file
from tests.robustness.fuzzing.messages import depth_of
from tests.robustness.fuzzing.seeds import UNUSABLE_JWKS

URL = "https://app.example.com/mcp"
LIMIT = 4096
OK = b"HTTP/1.1 200 OK\r\n"

ANSWERS = (
    OK + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
    OK + b"Content-Type: text/event-stream\r\n\r\ndata: {}\n\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.0 401 No\r\nA: b\r\n c\r\n\r\nbody",
    OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    OK + b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n{}",
    b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\nrest',
    b"\x15\x03\x01\x00\x02\x02\x46",
)
DOCUMENTS = (
    *(json.dumps(getattr(World(), name)).encode() for name in ("prm", "server", "keys")),
    b'\xef\xbb\xbf{"a": 1, "a": 2, "b": {"c": NaN}}',
    b"<!doctype html><title>A page</title>",
    '{"resource": "https://\u202e.example"}'.encode(),
    '{"a": "é"}'.encode("utf-16"),
    b"[" * 80 + b"]" * 80,
)
KEY_SETS = (
    json.dumps(World().keys).encode(),
    *(b'{"keys": [%b]}' % as_file(vector, private=False) for vector in VECTORS.values()),
    *(b'{"keys": [%b, 7, null]}' % key for key in UNUSABLE_JWKS),
)


def read_answer(octets: bytes) -> None:
    """Read an answer; one that is written again from what was read is the same."""
    stream = io.BufferedReader(io.BytesIO(octets))
    try:
        head = read_head(stream, "GET", URL)
        body = read_body(stream, head, LIMIT)
    except Malformed:
        return
    assert 200 <= head.status < 1000 or head.status == 101
    assert len(body) <= LIMIT
    assert may_be_stream(REQUEST, head) or head.header("content-length") is not None
    assert is_event_stream(REQUEST, head) in (True, False)
    framing = ("transfer-encoding", "content-length")
    fields = [(name, value) for name, value in head.headers if name.lower() not in framing]
    again = read_head(_written(head.status, fields, body), "GET", URL)
    assert again.status == head.status
    assert list(again.headers)[:-1] == fields


def _written(status: int, fields: list[tuple[str, str]], body: bytes) -> io.BufferedReader:
    written = [f"{name}: {value}" for name, value in [*fields, ("Content-Length", len(body))]]
    head = "\r\n".join([f"HTTP/1.1 {status} x", *written, "", ""]).encode("latin-1")
    return io.BufferedReader(io.BytesIO(head + body))


def read_document(octets: bytes) -> None:
    """Read a document; it has members or a fault, and reads the same if it is written again."""
    answer = Answer("GET", URL, 200, (("content-type", "application/json"),), octets)
    reading = read(answer)
    assert gist(answer).isprintable()
    if reading.members is None:
        assert reading.fault is not None
        return
    assert reading.fault is None
    assert depth_of(reading.members) <= DEEPEST
    written = json.dumps(reading.members).encode()
    again = read(Answer("GET", URL, 200, (), written))
    assert again.members == reading.members
    assert again.duplicates == ()


def read_key_set(octets: bytes) -> None:
    """Judge each key of a set; an import refuses each key in which the doctor finds a fault."""
    members = read(Answer("GET", URL, 200, (), octets)).members or {}
    listed = members.get("keys")
    for key in listed if isinstance(listed, list) else ():
        if isinstance(key, dict):
            _judge(key)


def _judge(key: dict[str, Any]) -> None:
    fault = key_forms.problem(key)
    assert fault.isprintable()
    key_forms.fitting(key)
    key_forms.is_for_encryption(key)
    if fault or key_forms.private_members(key):
        return
    if key.get("kty") == "RSA":
        assert key_forms.bits(key) > 0
    flaw = key_forms.weakness(key)
    try:
        files.read(json.dumps(key))
    except files.UnsuitableKey:
        return
    # What an import takes, the doctor may not call weak.
    assert flaw == ""


def report(octets: bytes) -> None:
    """Examine a site whose documents are these octets; no step fails, and the text is safe."""
    world = World()
    for url in (PRM, SERVER, JWKS):
        world.json(url, octets)
    examined = report_on(world, probes=False)
    assert not [finding for finding in examined.findings if finding.code == "check-failed"]
    text = "\n".join(lines(Report((examined,)), defaultdict(lambda: str)))
    assert text.replace("\n", "").isprintable()
