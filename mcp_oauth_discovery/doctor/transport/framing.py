"""One HTTP/1.1 exchange: write the request, and read the answer as strictly as clients do."""

from __future__ import annotations

import http.client
import io
import re
from typing import Any, cast
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.transport.messages import Answer, Headers
from mcp_oauth_discovery.doctor.transport.sockets import LimitedSocket
from mcp_oauth_discovery.standards.identifiers import origin

# Limits for the header lines, and for a trailer. Node.js reads 16 KiB of header lines.
_MOST_LINES = 100
_LONGEST_LINE = 65536
# RFC 9110 §15.2: clients skip any number of interim answers. This limit stops a flood.
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


def write_request(
    connection: LimitedSocket, method: str, url: str, headers: Headers, body: bytes
) -> None:
    """Write a request that asks for one answer without compression."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = http.client.HTTPConnection(parts.hostname or "")
    request.sock = cast(Any, connection)
    request.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    if not any(name.lower() == "host" for name, _ in headers):
        request.putheader("Host", origin(url).partition("://")[2])
    for name, value in headers:
        request.putheader(name, value)
    request.putheader("Accept-Encoding", "identity")
    request.putheader("Connection", "close")
    if method == "POST":
        request.putheader("Content-Length", str(len(body)))
    request.endheaders(body or None)


def read_head(stream: io.BufferedReader, method: str, url: str) -> Answer:
    """Return the final answer without its body; interim answers such as 103 are skipped."""
    if stream.peek(2).startswith(_TLS_ALERT):
        raise SpeaksTLS(gettext("the port answers in TLS, not in plain HTTP"))
    for _ in range(MOST_INTERIM + 1):
        line = _line(stream)
        match = _STATUS.fullmatch(line)
        if match is None:
            text = gettext("the first line is %(line)s, not a status line of HTTP/1.1")
            raise Malformed(text % {"line": _shown(line)})
        answer = Answer(method, url, int(match[1]), tuple(_fields(stream)), is_cut=True)
        if answer.status >= 200 or answer.status == _SWITCHING:
            return answer
    text = gettext("more than %(most)d interim answers, and no final one")
    raise Malformed(text % {"most": MOST_INTERIM})


def read_body(stream: io.BufferedReader, head: Answer, limit: int) -> bytes:
    """Return the body of an answer, at most `limit` octets of it (RFC 9112 §6.3)."""
    codings = ", ".join(head.all("transfer-encoding"))
    lengths = head.all("content-length")
    if len(lengths) > 1:
        text = gettext("there are %(count)d Content-Length headers")
        raise Malformed(text % {"count": len(lengths)})
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        value = _shown(lengths[0].encode("latin-1"))
        raise Malformed(gettext("the Content-Length is %(value)s") % {"value": value})
    if codings and codings.lower() != "chunked":
        raise Malformed(gettext("the Transfer-Encoding is %(value)s") % {"value": repr(codings)})
    if codings and lengths:
        text = gettext("both Content-Length and Transfer-Encoding say where the body ends")
        raise Malformed(text)
    if head.method == "HEAD" or head.status in (_SWITCHING, 204, 304):
        return b""
    if codings:
        return _chunks(stream, limit)
    return _exactly(stream, min(int(lengths[0]), limit)) if lengths else stream.read(limit)


def _fields(stream: io.BufferedReader) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for _ in range(_MOST_LINES + 1):
        line = _line(stream)
        if not line:
            return fields
        if line[:1] in b" \t" and fields:
            # RFC 9112 §5.2: a folded line continues the value of the line before.
            # The line before, or this one, may be empty.
            name, value = fields.pop()
            fields.append((name, f"{value} {_text(line)}".strip(" ")))
        elif match := _FIELD.fullmatch(line):
            fields.append((match[1].decode("ascii"), _text(match[2])))
        else:
            raise Malformed(gettext("%(line)s is not a header field") % {"line": _shown(line)})
    raise Malformed(gettext("more than %(most)d header lines") % {"most": _MOST_LINES})


def _chunks(stream: io.BufferedReader, limit: int) -> bytes:
    content = bytearray()
    while True:
        line = _line(stream)
        match = _SIZE.fullmatch(line)
        if match is None:
            raise Malformed(gettext("the size of a chunk is %(size)s") % {"size": _shown(line)})
        if not (size := int(match[1], 16)):
            break
        content += _exactly(stream, min(size, limit - len(content)))
        if len(content) == limit:
            return bytes(content)
        if _line(stream):
            raise Malformed(gettext("a chunk is longer than its size says"))
    _fields(stream)  # of the trailer
    return bytes(content)


def _exactly(stream: io.BufferedReader, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise Malformed(gettext("the connection closed before the body was complete"))
    return content


def _line(stream: io.BufferedReader) -> bytes:
    """Return the next line without its end."""
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        text = gettext("a line is longer than %(most)d octets")
        raise Malformed(text % {"most": _LONGEST_LINE})
    if not line.endswith(b"\n"):
        if not line:
            raise Malformed(gettext("the connection closed before the answer was complete"))
        text = gettext("the connection closed after %(line)s before the answer was complete")
        raise Malformed(text % {"line": _shown(line)})
    content = line[:-2]
    # Node.js refuses each of these.
    if not line.endswith(b"\r\n") or b"\r" in content or b"\0" in content:
        text = gettext("%(line)s does not end in CR LF, or has CR or NUL before its end")
        raise Malformed(text % {"line": _shown(line)})
    return content


def _text(octets: bytes) -> str:
    return octets.strip(b" \t").decode("latin-1")


def _shown(octets: bytes) -> str:
    """Return the first octets as the text of an error shows them."""
    text = octets[:40].decode("latin-1")
    return f"{text!r}…" if len(octets) > 40 else repr(text)
