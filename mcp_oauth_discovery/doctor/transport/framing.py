"""Read one HTTP/1.1 answer from a stream of octets, as strictly as clients do."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

# Limits of a head, and of a trailer. Node.js reads 16 KiB of a head.
_MOST_LINES = 100
_LONGEST_LINE = 65536
# RFC 9110 §15.2: a client skips any number of interim answers. This limit ends a flood.
MOST_INTERIM = 100
_SWITCHING = 101

# RFC 8446 §5.1: the type of the record, and the major version.
_TLS_ALERT = b"\x15\x03"
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: .*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)", re.S)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.S)
_LENGTH = re.compile(r"[0-9]{1,18}")


class Malformed(Exception):
    """The octets are not a complete HTTP/1.1 answer."""


class SpeaksTLS(Malformed):
    """The octets are a TLS record."""


@dataclass(frozen=True)
class Head:
    """The status and the header fields of an answer."""

    status: int
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return the values of all fields with a name, given in lower case."""
        return [value for field, value in self.fields if field.lower() == name]


def read_head(stream: io.BufferedReader) -> Head:
    """Return the head of the final answer, after interim ones such as 103."""
    if stream.peek(2).startswith(_TLS_ALERT):
        raise SpeaksTLS("the port answers in TLS, not in plain HTTP")
    for _ in range(MOST_INTERIM + 1):
        head = Head(_status(stream), tuple(_fields(stream)))
        if head.status >= 200 or head.status == _SWITCHING:
            return head
    raise Malformed(f"more than {MOST_INTERIM} interim answers, and no final one")


def read_body(stream: io.BufferedReader, method: str, head: Head, limit: int) -> bytes:
    """Return the body, and read no further than the limit (RFC 9112 §6.3)."""
    codings = ", ".join(head.all("transfer-encoding"))
    length = _length(head)
    if codings and codings.lower() != "chunked":
        raise Malformed(f"the Transfer-Encoding is {codings!r}")
    if codings and length is not None:
        raise Malformed("both Content-Length and Transfer-Encoding say where the body ends")
    if method == "HEAD" or head.status in (_SWITCHING, 204, 304):
        return b""
    if codings:
        return _chunks(stream, limit)
    return stream.read(limit) if length is None else _exactly(stream, min(length, limit))


def _status(stream: io.BufferedReader) -> int:
    line = _line(stream)
    match = _STATUS.fullmatch(line)
    if match is None:
        raise Malformed(f"the first line is {_shown(line)}, not that of an HTTP/1.1 answer")
    return int(match[1])


def _fields(stream: io.BufferedReader) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for _ in range(_MOST_LINES + 1):
        line = _line(stream)
        if not line:
            return fields
        if line[:1] in b" \t" and fields:
            # RFC 9112 §5.2: a folded line is a blank and the rest of the value.
            name, value = fields.pop()
            fields.append((name, f"{value} {_text(line)}"))
        elif match := _FIELD.fullmatch(line):
            fields.append((match[1].decode("ascii"), _text(match[2])))
        else:
            raise Malformed(f"{_shown(line)} is no header field")
    raise Malformed(f"more than {_MOST_LINES} header lines")


def _length(head: Head) -> int | None:
    lengths = head.all("content-length")
    if not lengths:
        return None
    if len(lengths) > 1:
        raise Malformed(f"the Content-Length is there {len(lengths)} times")
    if not _LENGTH.fullmatch(lengths[0]):
        raise Malformed(f"the Content-Length is {_shown(lengths[0].encode('latin-1'))}")
    return int(lengths[0])


def _chunks(stream: io.BufferedReader, limit: int) -> bytes:
    content = bytearray()
    while size := _chunk_size(stream):
        content += _exactly(stream, min(size, limit - len(content)))
        if len(content) == limit:
            return bytes(content)
        if _line(stream):
            raise Malformed("a chunk is longer than its size says")
    _fields(stream)  # of the trailer
    return bytes(content)


def _chunk_size(stream: io.BufferedReader) -> int:
    line = _line(stream)
    match = _SIZE.fullmatch(line)
    if match is None:
        raise Malformed(f"the size of a chunk is {_shown(line)}")
    return int(match[1], 16)


def _exactly(stream: io.BufferedReader, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise Malformed("the connection ends before the body does")
    return content


def _line(stream: io.BufferedReader) -> bytes:
    """Return the next line without its end."""
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise Malformed(f"a line is longer than {_LONGEST_LINE} octets")
    if not line.endswith(b"\n"):
        after = f" after {_shown(line)}" if line else ""
        raise Malformed(f"the connection ends{after} before the answer does")
    content = line[:-2]
    # Node.js refuses each of these.
    if not line.endswith(b"\r\n") or b"\r" in content or b"\0" in content:
        raise Malformed(f"{_shown(line)} is no line that ends in CR LF, without CR or NUL before")
    return content


def _text(octets: bytes) -> str:
    return octets.strip(b" \t").decode("latin-1")


def _shown(octets: bytes) -> str:
    """Return the first octets, for the text of an error."""
    text = octets[:40].decode("latin-1")
    return f"{text!r}…" if len(octets) > 40 else repr(text)
