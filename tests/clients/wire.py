"""HTTP without a client library, which would put a request right before it sends it."""

from __future__ import annotations

import http.client
import io
import socket
from typing import NamedTuple

from tests.clients.deployments import HOST, Deployment


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    octets: bytes


def ask(
    deployment: Deployment,
    target: str,
    *headers: str,
    method: str = "GET",
    version: str = "1.1",
    host: str | None = "",
    body: str = "",
) -> Answer:
    """Send a request as it is written and return all that the server sends until it hangs up.

    Without `host` the request is addressed to the server; None leaves the header out.
    """
    lines = [f"{method} {target} HTTP/{version}", "Connection: close", *headers]
    if host is not None:
        lines.append(f"Host: {host or f'{HOST}:{deployment.port}'}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((HOST, deployment.port), timeout=30) as connection:
        # In one piece: a server may answer and hang up before it has read a body that comes later.
        connection.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        return _parsed(b"".join(iter(lambda: connection.recv(65536), b"")))


def _parsed(octets: bytes) -> Answer:
    head, _, body = octets.partition(b"\r\n\r\n")
    status_line, _, fields = head.partition(b"\r\n")
    headers = http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
    return Answer(int(status_line.split()[1]), headers, body, octets)
