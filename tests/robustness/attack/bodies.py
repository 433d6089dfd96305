"""The bodies of the attack, and the ways in which a request says where its body ends."""

from __future__ import annotations

import json

_CALL = {"jsonrpc": "2.0", "id": "CANARY", "method": "tools/call"}


def _message(**members: object) -> bytes:
    return json.dumps({**_CALL, **members}).encode()


BODIES = (
    b"",
    _message(params={"name": "CANARY"}),
    _message(params={"name": "whoami", "arguments": {}}),
    _message(params={"name": "set_first_name", "arguments": {"first_name": "\x00\ud800"}}),
    _message(params={"name": "set_first_name", "arguments": {"first_name": "a" * 5000}}),
    _message(params=["CANARY"]),
    _message(method="initialize", params={"protocolVersion": "CANARY", "capabilities": 7}),
    _message(method="CANARY", params=None),
    _message(method="server/discover"),
    _message(method="tools/list", params={"cursor": "CANARY"}),
    _message(method=["tools/call"], params=7),
    _message(id=10**400),
    _message(id=1.5, jsonrpc="CANARY"),
    _message(id=None, method="notifications/CANARY"),
    b"[" + b", ".join([_message()] * 60) + b"]",
    b"[]",
    b"null",
    b"7",
    b'"CANARY"',
    b"[" * 100_000,
    b"[" * 90 + b"]" * 90,
    b'{"a":' * 50_000,
    b"[]," * 60_000,
    b'{"method": "ping", "method": "tools/call"}',
    b'{"method": NaN, "id": Infinity}',
    b'{"method": "tools/call", "params": {"name": "\\ud800"}}',
    b'{"method": "tools/call\xff"}',
    b'\xef\xbb\xbf{"method": "CANARY"}',
    '{"method": "CANARY"}'.encode("utf-16"),
    '{"method": "CANARY"}'.encode("utf-32"),
    b'{"id": ' + b"9" * 100_000 + b"}",
    b'{"id": 1e' + b"9" * 1000 + b"}",
    b'{"method": "' + b"CANARY" * 30_000 + b'"}',
    b'{"' + b"\\u0041" * 20_000 + b'": 1}',
    b"\x00" * 200,
    b"\xff\xfe\xfd",
    b"access_token=CANARY",
    b"access_token=TOKEN",
    b"CANARY=%ff&%00=%zz",
    b"a=b&" * 1100,
    b"--CANARY\r\nContent-Disposition: form-data; name=access_token\r\n\r\nCANARY\r\n--CANARY--",
    b"--CANARY\r\nContent-Disposition: CANARY",
    b"GET /CANARY HTTP/1.1\r\nHost: CANARY.attacked.example\r\n\r\n",
)
TOKEN_FORMS = (
    b"grant_type=authorization_code&code=CANARY&client_id=attacked&code_verifier=CANARY",
    b"grant_type=authorization_code&code=CANARY&client_id=attacked&redirect_uri=//CANARY",
    b"grant_type=refresh_token&refresh_token=CANARY&client_id=attacked",
    b"grant_type=refresh_token&refresh_token=TOKEN&client_id=attacked&scope=CANARY",
    b"grant_type=client_credentials&client_id=attacked&client_secret=CANARY",
    b"grant_type=password&username=CANARY&password=CANARY&client_id=attacked",
    b"grant_type=CANARY&client_id=CANARY",
    b"grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=CANARY",
    b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=TOKEN",
    b"grant_type=authorization_code&grant_type=refresh_token&code=%00",
    b"grant_type=refresh_token&refresh_token=%ff%fe&client_id=%00",
    b"grant_type=refresh_token&refresh_token=CANARY&client_id=attacked&resource=CANARY",
    b"client=CANARY&user=CANARY&scopes=CANARY&grant_type=refresh_token&refresh_token=x",
    b"grant_type=refresh_token&client_id=https://CANARY.example/client.json&refresh_token=x",
)

_CHUNKS = b"4\r\nCANA\r\n2\r\nRY\r\n0\r\n\r\n"
# Headers, and what is sent after them. BODY and LENGTH stand for a body and its length.
WILD_FRAMINGS = (
    (b"", b"BODY"),
    (b"Content-Length: 0", b"BODY"),
    (b"Content-Length: 5", b"BODY"),
    (b"Content-Length: -1", b"BODY"),
    (b"Content-Length: +LENGTH", b"BODY"),
    (b"Content-Length: 0x5", b"BODY"),
    (b"Content-Length: LENGTH, LENGTH", b"BODY"),
    (b"Content-Length: LENGTH\r\nContent-Length: 0", b"BODY"),
    (b"Content-Length: " + b"9" * 40, b"BODY"),
    (b"Content-Length: \xb2", b"BODY"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: LENGTH", b"BODY"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 3", _CHUNKS),
    (b"Transfer-Encoding: chunked, chunked", _CHUNKS),
    (b"Transfer-Encoding: xchunked", _CHUNKS),
    (b"Transfer-Encoding: identity", b"BODY"),
    (b"Transfer-Encoding: gzip, chunked", _CHUNKS),
    (b"Transfer-Encoding : chunked", _CHUNKS),
    (b"Transfer-Encoding: \x0bchunked", _CHUNKS),
    (b"Transfer-Encoding:\r\n chunked", _CHUNKS),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: CANARY", _CHUNKS),
    (b"Transfer-Encoding: chunked", b"4;CANARY=1\r\nCANA\r\n0\r\nX-Trailer: CANARY\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"ffffffffffffffffff\r\nCANARY"),
    (b"Transfer-Encoding: chunked", b"-1\r\nCANARY\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"CANARY\r\n"),
    (b"Transfer-Encoding: chunked", b"4\nCANA\n0\n\n"),
    (b"Transfer-Encoding: chunked", b"2\r\nCANARY\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"0\r\n\r\nGET /CANARY HTTP/1.1\r\nHost: x\r\n\r\n"),
)
# A server waits for the rest of these.
UNFINISHED_FRAMINGS = (
    (b"Content-Length: 1LENGTH", b"BODY"),
    (b"Transfer-Encoding: chunked", b"f\r\nCANARY"),
    (b"Transfer-Encoding: chunked", b""),
)
