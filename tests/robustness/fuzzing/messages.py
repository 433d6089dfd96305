"""No parser may find a message in a body that this package did not find there.

The octets are the values of Content-Type, Mcp-Method and Mcp-Name, a line each, and the body.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django.http import HttpRequest
from django.test import RequestFactory

from mcp_oauth_discovery.protection.bodies import DEEPEST_BODY, RefusedBody
from mcp_oauth_discovery.protection.operations import LONGEST_BATCH, read_operations

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete_file"}}
PLAIN = b"application/json\n\n\n"
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

SEEDS = (
    PLAIN + json.dumps(CALL).encode(),
    PLAIN + json.dumps([CALL, {"method": "ping"}]).encode(),
    b"application/json\ntools/call\ndelete_file\n" + json.dumps(CALL).encode(),
    b"application/json\ntools/call\n=?base64?ZGVsZXRlX2ZpbGU=?=\n" + json.dumps(CALL).encode(),
    b"text/plain; charset=utf-16\n\n\n" + json.dumps(CALL).encode("utf-16"),
    b"application/x-www-form-urlencoded\n\n\nmethod=tools%2Fcall&params=x",
    PLAIN + b'{"method": "ping", "method": "tools/call"}',
    PLAIN + b'{"\\u006dethod": "tools/call", "params": {"n\\u0061me": "delete_file"}}',
    PLAIN + b'{"method": "resources/read", "params": {"uri": "file:///a"}}',
    PLAIN + b'{"method": NaN, "id": 1e999, "params": [[[[[[]]]]]]}',
    PLAIN + b'{"id": ' + b"9" * 1100 + b', "method": "tools/list"}',
    PLAIN + b"\xef\xbb\xbf{}",
    PLAIN + b'{"method": "\xff"}',
    PLAIN + b"",
)


def run(octets: bytes) -> None:
    *lines, body = (b"\n\n\n" + octets if octets.count(b"\n") < 3 else octets).split(b"\n", 3)
    names = [line.decode("latin-1").strip(" \t\r") for line in lines]
    request = _request(names, body)
    try:
        operations = read_operations(request)
    except RefusedBody as refusal:
        _check_refusal(refusal)
        return
    assert 1 <= len(operations) <= LONGEST_BATCH
    assert read_operations(request) == operations
    found = [(operation.method, operation.name) for operation in operations]
    for method, name in found:
        # A request without a body asks for nothing that a header could contradict.
        assert names[1] in ("", method) or not request.body
        assert method is not None or name is None
    for parse in (json.loads, msgspec.json.decode):
        _check_against(parse, request.body, found)


def _check_refusal(refusal: RefusedBody) -> None:
    assert str(refusal).isascii()
    assert refusal.status in (400, 413)


def _request(names: list[str], body: bytes) -> HttpRequest:
    content_type, method, name = names
    given = {"Mcp-Method": method, "Mcp-Name": name}
    headers = {key: value for key, value in given.items() if value}
    return RequestFactory().generic("POST", "/mcp", body, content_type or "", headers=headers)


def _check_against(parse: Any, body: bytes, found: list[tuple[str | None, str | None]]) -> None:
    """Compare what was found with what another parser reads in the same octets."""
    try:
        value = parse(body)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return
    assert depth_of(value) <= DEEPEST_BODY
    messages = value if isinstance(value, list) and value else [value]
    assert found == [_named(message) for message in messages]


def _named(message: Any) -> tuple[str | None, str | None]:
    method = message.get("method") if isinstance(message, dict) else None
    if not isinstance(method, str):
        return None, None
    params = message.get("params")
    member = NAMES.get(method, "uri" if method.startswith("resources/") else None)
    if member is None or not isinstance(params, dict) or method not in KNOWN:
        return method, None
    name = params.get(member)
    return method, name if isinstance(name, str) else None


KNOWN = {*NAMES, "resources/subscribe", "resources/unsubscribe"}


def depth_of(value: Any) -> int:
    """Return how many lists and dicts are inside of each other."""
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, (dict, list))]:
        depth += 1
        level = [
            inner for each in level for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth
