"""The clients of the load run: they read documents, refresh their tokens, and call a tool."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from typing import NamedTuple
from urllib.parse import urlencode

from tests import ASM, JWKS, PRM
from tests.robustness.load.record import Issued, Record, Verified
from tests.robustness.traffic import Answer, Client, request

# Seconds. How long tokens live, and for how long a client uses one.
TOKEN_SECONDS = 15
_USED_FOR = 8
_CALLS_PER_TOKEN = 10

_CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami"}}
_JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignIn(NamedTuple):
    """What a client has after its user has signed in."""

    origin: str
    client_id: str
    refresh_token: str


def reader(record: Record, origin: str) -> Client:
    """Read the three documents in turn, every second time with the ETag of the last answer."""
    etags: dict[str, str] = {}
    number = 0
    while not record.is_over:
        path = (PRM, ASM, JWKS)[number % 3]
        headers = {"Host": origin.removeprefix("http://")}
        if number % 2 and path in etags:
            headers["If-None-Match"] = etags[path]
        # A new connection each time may reach another worker.
        answer = yield request("GET", path, headers, close=True)
        if record.add(path, answer, 200, 304):
            record.add_document(path, answer)
            etags[path] = answer.header("ETag") or ""
        number += 1


def session(record: Record, user: SignIn, *, is_stubborn: bool) -> Client:
    """Refresh the token, call a tool some times, and begin again.

    A stubborn client keeps using a token that was refused, to see what each worker does.
    """
    refresh_token = user.refresh_token
    while not record.is_over:
        answer = yield _refresh(user, refresh_token)
        if not record.add("token endpoint", answer, 200):
            return
        issued = json.loads(answer.body)
        token, refresh_token = issued["access_token"], issued["refresh_token"]
        worker = answer.header("X-Worker") or ""
        record.issued.append(Issued(kid_of(token), worker, answer.sent_at))
        until, calls = time.time() + _USED_FOR, 0
        while time.time() < until and not record.is_over:
            answer = yield _call(user, token)
            is_accepted = _judge(record, token, answer)
            calls += 1
            if not is_stubborn and (calls == _CALLS_PER_TOKEN or not is_accepted):
                break


def _judge(record: Record, token: str, answer: Answer) -> bool:
    """Record a call; a 401 is right only for a token of a key that is being revoked."""
    kid = kid_of(token)
    is_revoked = kid in record.revocations
    record.add("tool call", answer, 200, *([401] if is_revoked else []))
    worker, is_accepted = answer.header("X-Worker") or "", answer.status == 200
    record.calls.append(Verified(kid, worker, answer.sent_at, answer.received_at, is_accepted))
    if is_accepted and b'"username"' not in answer.body:
        record.violations.append(f"tool call: {answer.body!r}")
    return is_accepted


def _refresh(user: SignIn, refresh_token: str) -> bytes:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": user.client_id,
        "resource": f"{user.origin}/mcp",
    }
    headers = {"Host": user.origin.removeprefix("http://"), **_FORM}
    return request("POST", "/oauth/mcp/token", headers, urlencode(form).encode(), close=True)


def _call(user: SignIn, token: str) -> bytes:
    headers = {
        "Host": user.origin.removeprefix("http://"),
        "Authorization": f"Bearer {token}",
        **_JSON,
    }
    return request("POST", "/mcp", headers, json.dumps(_CALL).encode(), close=True)


def kid_of(token: str) -> str:
    """Return the `kid` in the header of a JWT."""
    header = token.partition(".")[0]
    kid: str = json.loads(urlsafe_b64decode(header + "=="))["kid"]
    return kid
