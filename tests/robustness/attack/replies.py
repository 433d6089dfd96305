"""HTTP/1.1 answers as octets: where each one ends, and what it says."""

from __future__ import annotations

import re
from typing import NamedTuple

# The header of a request with its number, and that of the answer with number and microseconds.
NUMBER, REPORT = "Attack-Number", "Attack-Report"
_HEAD = re.compile(rb"HTTP/1\.[01] (?P<status>\d{3})[^\r\n]*\r\n(?P<fields>(?:[^\r\n]+\r\n)*)\r\n")
_CHUNK = re.compile(rb"(?P<size>[0-9A-Fa-f]+)[^\r\n]*\r\n")


class Reply(NamedTuple):
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name.lower()]

    @property
    def report(self) -> tuple[str, int] | None:
        """The number and the microseconds; None if the server answered without the site."""
        reports = self.all(REPORT)
        if not reports:
            return None
        number, microseconds = reports[0].split(" ")
        return number, int(microseconds)

    @property
    def octets(self) -> bytes:
        """What a client reads, without the report."""
        fields = [f"{name}: {value}" for name, value in self.fields if name != REPORT.lower()]
        return "\n".join(fields).encode("latin-1") + b"\n\n" + self.body


def first(octets: bytes, method: str, *, is_complete: bool) -> tuple[Reply, bytes] | None:
    """Return the first final answer and the octets after it, or None if it is not there yet.

    With `is_complete` no more octets will come. Raises `ValueError` if they are no answer.
    """
    while head := _HEAD.match(octets):
        fields = _fields(head["fields"])
        status, rest = int(head["status"]), octets[head.end() :]
        if 100 <= status < 200 and status != 101:
            octets = rest
            continue
        body = _body(Reply(status, fields, b""), rest, method, is_complete=is_complete)
        if body is None:
            return None
        content, rest = body
        return Reply(status, fields, content), rest
    if octets and is_complete:
        raise ValueError(f"no answer: {octets[:60]!r}")
    return None


def _fields(lines: bytes) -> tuple[tuple[str, str], ...]:
    pairs = (line.decode("latin-1").partition(":") for line in lines.split(b"\r\n") if line)
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)


def _body(
    head: Reply, rest: bytes, method: str, *, is_complete: bool
) -> tuple[bytes, bytes] | None:
    # gunicorn sends a body with its own errors, also to HEAD.
    is_head = method == "HEAD" and head.report is not None
    if is_head or head.status in (101, 204, 304):
        return b"", rest
    if head.all("transfer-encoding"):
        return _dechunked(rest)
    if lengths := head.all("content-length"):
        length = int(lengths[0])
        return (rest[:length], rest[length:]) if len(rest) >= length else None
    return (rest, b"") if is_complete else None


def _dechunked(octets: bytes) -> tuple[bytes, bytes] | None:
    content = b""
    while chunk := _CHUNK.match(octets):
        size = int(chunk["size"], 16)
        end = chunk.end() + size
        if len(octets) < end + 2:
            return None
        content, octets = content + octets[chunk.end() : end], octets[end + 2 :]
        if size == 0:
            return content, octets
    return None
