"""The requests of the memory run: no two of them are the same."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests import ASM, JWKS, PRM
from tests.robustness.traffic import request

# Of these hosts, the site accepts any number.
ALLOWED = ".allowed.example"
KINDS = 20

_CALL = {"method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
_JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class Expected(NamedTuple):
    """A request, and the status that its answer must have."""

    octets: bytes
    status: int


def requests(numbers: Iterator[int], host: str, tokens: Sequence[str]) -> Iterator[Expected]:
    """Yield a request for each number: a document, a challenge or a call, by the last digits.

    The server entries answer 12 of 20. Django answers the others.
    """
    for number in numbers:
        kind = number % KINDS
        if kind < 12:
            yield document(number, host)
        elif kind < 15:
            yield lost(number, host)
        else:
            yield call(number, host, tokens)


def document(number: int, host: str) -> Expected:
    """Ask for one of the documents, under an allowed host or with a condition that differs."""
    path = (PRM, ASM, JWKS)[number % 3]
    headers = {"Host": host, "Origin": f"https://{number}.example.org"}
    match number % 4:
        case 0:
            headers["Host"] = f"h{number}{ALLOWED}"
        case 1:
            headers["If-None-Match"] = f'"{number:032x}"'
        case 2:
            headers["Accept"] = f"application/json, text/x-{number}"
    return Expected(request("GET", path, headers), 200)


def lost(number: int, host: str) -> Expected:
    """Ask for a document that does not exist or has a query, or under a host that is refused."""
    match number % 3:
        case 0:
            return Expected(request("GET", f"{PRM}/{number}", {"Host": host}), 404)
        case 1:
            return Expected(request("GET", f"{PRM}/mcp?{number}", {"Host": host}), 200)
    return Expected(request("GET", PRM, {"Host": f"h{number}.example.net"}), 400)


def call(number: int, host: str, tokens: Sequence[str]) -> Expected:
    """Call a tool: without a token, with one of the site, and with forgeries of several kinds."""
    token, status = _tokens(number, tokens)
    body = json.dumps({"jsonrpc": "2.0", "id": number, **_CALL}).encode()
    headers = {"Host": host, **_JSON}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return Expected(request("POST", "/mcp", headers, body), status)


def _tokens(number: int, tokens: Sequence[str]) -> tuple[str | None, int]:
    valid = tokens[number // KINDS % len(tokens)]
    header, claims, signature = valid.split(".")
    match number % KINDS:
        case 15:
            return None, 401
        case 16:
            # The header and the key of the site, and a signature over other claims.
            return f"{header}.{_encoded({'jti': number})}.{signature}", 401
        case 17:
            stranger = {"alg": "RS256", "typ": "at+jwt", "kid": f"k{number}"}
            return f"{_encoded(stranger)}.{claims}.{signature}", 401
        case 18:
            return f"no-jwt-{number}", 401
    return valid, 200


def _encoded(members: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()
