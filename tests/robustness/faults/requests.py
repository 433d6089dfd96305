"""The requests that each fault is judged by, and what is wrong with an answer."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests import ASM, JWKS, PRM
from tests.clients.deployments import HOST
from tests.example.walk import CALLBACK, FORM, VERIFIER
from tests.robustness.faults.prepare import CLIENT

# Seconds. The documentation promises an answer within the timeouts of the database, or sooner.
TIMEOUT = 120
# A page that the example lets in.
PAGE = "http://localhost:6274"
PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
ERRORS = {500: "server_error", 503: "temporarily_unavailable"}

DOCUMENTS = {"resource": f"{PRM}/mcp", "server": ASM, "keys": JWKS}
# What a client gets from a site that is well, by the name of the request.
HEALTHY = {
    "resource": 200,
    "server": 200,
    "keys": 200,
    "no token": 401,
    "token": 200,
    "forged": 401,
    "code": 200,
}


class Answer(NamedTuple):
    """What came back; the status is None if nothing did."""

    status: int | None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    seconds: float = 0.0

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def problems(self) -> list[str]:
        """Return what breaks the promises of the documentation, whatever the status is."""
        if self.status is None:
            return [f"no answer within {self.seconds:.0f} seconds"]
        found = []
        if "access-control-allow-origin" not in self.headers:
            found.append("no CORS header")
        if "set-cookie" in self.headers:
            found.append("a cookie")
        if b"Traceback" in self.body or b"<" in self.body:
            found.append("a page or a traceback")
        if self.status >= 400 and self.headers.get("cache-control") != "no-store":
            found.append("an error that caches may keep")
        if self.status == 401 and "Bearer" not in self.headers.get("www-authenticate", ""):
            found.append("a 401 without the challenge")
        if self.status >= 500 and self.json != {"error": ERRORS.get(self.status)}:
            found.append(f"an error that is not documented: {self.body[:200]!r}")
        return [f"{self.status} with {problem}" for problem in found]


def send(port: int, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
    """Send one request on a new connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
    started = time.monotonic()
    try:
        connection.request(method, path, body, {"Origin": PAGE, **headers})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read(), time.monotonic() - started)
    except OSError:
        return Answer(None, seconds=time.monotonic() - started)
    finally:
        connection.close()


def ping(port: int, token: str | None) -> Answer:
    """Send a message to the MCP server of the example."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    accepted = {"Content-Type": "application/json", "Accept": "application/json"}
    return send(port, "POST", "/mcp", PING, **accepted, **headers)


def exchange(port: int, path: str, code: str) -> Answer:
    """Exchange a code at the token endpoint, which has this path."""
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return send(port, "POST", path, urlencode(form), **{"Content-Type": FORM})


def forge(token: str) -> str:
    """Return a token with the claims of another one, and a signature that is not its own."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[::-1]}"
