"""Makes the request with a number: parts of the corpus, chosen by the seed and the number."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tests.robustness.attack import bodies, corpus, headers

T = TypeVar("T")
# How often a part of a request is one that a server may not accept.
_WILD = 0.02
_END = b"\r\n"


class Place(NamedTuple):
    """What differs from site to site: its host with the port, a token, and the ID of its key."""

    host: bytes
    token: bytes = b"TOKEN"
    kid: bytes = b"KID"


class Request(NamedTuple):
    """A request as octets. `canary` is in it, and in no other one.

    `is_framed` if every server must see exactly one request in it. `origin` is the one `Origin`
    that it has, if the MCP servers accept it. `has_token` if the site may accept its token.
    """

    index: int
    octets: bytes
    kind: str
    method: bytes
    target: bytes
    canary: bytes
    is_framed: bool = True
    origin: str | None = None
    has_token: bool = False


def make(seed: int, index: int, place: Place) -> Request:
    """Return one request. The same arguments give the same octets."""
    random = Random(f"{seed}/{index}")  # noqa: S311
    return _Draft(random, index, place).request()


class _Draft:
    def __init__(self, random: Random, index: int, place: Place) -> None:
        self.random = random
        self.index = index
        self.place = place
        self.canary = b"c4n4ry%dz" % index
        self.is_framed = True

    def request(self) -> Request:
        kinds = ("document", "near miss", "mcp", "token")
        (kind,) = self.random.choices(kinds, (9, 4, 4, 3))
        method, target, version = self._method(kind), self._target(kind), self._version()
        lines = [*self._hosts(), *self._headers(kind)]
        framing, body = self._body(kind, method)
        lines += framing
        origins = [line for line in lines if line.startswith(b"Origin:")]
        self.random.shuffle(lines)
        if not self.is_framed:
            lines.append(b"Connection: close")
        lines += [b"Attack-Number: %d" % self.index, b"X-Request-Id: CANARY"]
        start = b" ".join((method, target, version)).rstrip(b" ")
        head = _END.join([start, *lines, b"", b""])
        # The length of the body is known only after this.
        body, target = self._filled(body), self._filled(target)
        octets = self._filled(head).replace(b"LENGTH", b"%d" % len(body)) + body
        accepted = origins == [b"Origin: http://localhost:6274"]
        origin = "http://localhost:6274" if accepted else None
        return Request(
            self.index,
            octets,
            kind,
            method,
            target,
            self.canary,
            self.is_framed,
            origin,
            has_token=self.place.token in octets,
        )

    def _filled(self, text: bytes) -> bytes:
        return text.replace(b"CANARY", self.canary).replace(b"TOKEN", self.place.token)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _wild(self, share: float = _WILD) -> bool:
        """Decide whether a part is one of those after which no one knows where a request ends."""
        is_wild = self._chance(share)
        self.is_framed = self.is_framed and not is_wild
        return is_wild

    def _one(self, *choices: Sequence[T]) -> T:
        return self.random.choice([each for choice in choices for each in choice])

    def _method(self, kind: str) -> bytes:
        if self._wild():
            return self._one(corpus.WILD_METHODS)
        if self._chance(0.15):
            return self._one(corpus.OTHER_METHODS)
        if kind in ("mcp", "token") and self._chance(0.7):
            return b"POST"
        return self._one(corpus.METHODS, [b"GET"] * 3)

    def _version(self) -> bytes:
        if self._wild(0.01):
            return self._one(corpus.WILD_VERSIONS)
        return b"HTTP/1.0" if self._chance(0.02) else b"HTTP/1.1"

    def _target(self, kind: str) -> bytes:
        path = self._path(kind)
        if self._wild(0.015):
            return self._one(corpus.TARGETS).replace(b"PATH", path)
        if self._wild(0.015):
            return path + self._one(corpus.WILD_SUFFIXES)
        return path + self._one(corpus.QUERIES) if self._chance(0.12) else path

    def _path(self, kind: str) -> bytes:
        if kind == "token":
            path = corpus.TOKEN
        elif kind == "mcp":
            path = self._one((corpus.MCP, corpus.MCP, corpus.REPORTS))
        else:
            path = self._one(corpus.DOCUMENTS)
        if kind == "near miss":
            return self._near_miss(path)
        if self._chance(0.08):
            place = self.random.randrange(1, len(path))
            return path[:place] + b"%%%02x" % path[place] + path[place + 1 :]
        return path + b"/" if kind == "document" and self._chance(0.1) else path

    def _near_miss(self, path: bytes) -> bytes:
        if self._chance(0.3):
            return self._one(corpus.NEAR_MISSES)
        if self._chance(0.2):
            return self._one(corpus.PREFIXES) + path
        return path + self._one(corpus.SUFFIXES)

    def _hosts(self) -> list[bytes]:
        hosts = [self.place.host]
        if self._wild(0.01):
            hosts = [] if self._chance(0.3) else [self.place.host, self._one(corpus.HOSTS)]
        elif self._wild():
            hosts = [self._one(corpus.WILD_HOSTS)]
        elif self._chance(0.2):
            hosts = [self._one(corpus.HOSTS)]
        return [b"Host: " + host for host in hosts]

    def _headers(self, kind: str) -> list[bytes]:
        lines = [self._one(headers.HEADERS) for _ in range(self._one((0, 0, 1, 1, 2, 3, 6)))]
        if self._chance(0.5 if kind == "mcp" else 0.15):
            lines += [self._credentials() for _ in range(self._one((1, 1, 1, 1, 1, 2)))]
        if self._wild(0.03):
            lines.append(self._one(headers.WILD_HEADERS))
        return lines

    def _credentials(self) -> bytes:
        if self._chance(0.5):
            return b"Authorization: " + self._one(headers.CREDENTIALS)
        header = self._filled(self._one(headers.SEGMENTS, headers.RAW_PARTS))
        claims = [json.dumps(headers.CLAIMS).encode()] * 6
        parts = (header.replace(b"KID", self.place.kid), self._one(claims, headers.RAW_PARTS))
        encoded = [base64.urlsafe_b64encode(self._filled(part)) for part in parts]
        if self._chance(0.9):
            encoded = [part.rstrip(b"=") for part in encoded]
        signature = self._one((b"", b"AAAA", b"A" * 86, b"A" * 342, b"!", b"CANARY"))
        return b"Authorization: Bearer " + b".".join([*encoded, signature])

    def _body(self, kind: str, method: bytes) -> tuple[list[bytes], bytes]:
        """Return the headers that say where the body ends, and the body."""
        expected = kind in ("mcp", "token") and method == b"POST"
        if not self._chance(0.9 if expected else 0.08):
            return ([b"Content-Length: 0"] if method == b"POST" else []), b""
        is_form = kind == "token" and self._chance(0.8)
        body = self._one(bodies.TOKEN_FORMS if is_form else bodies.BODIES)
        usual = headers.CONTENT_TYPES[5 if is_form else 0]
        content_type = usual if self._chance(0.7) else self._one(headers.CONTENT_TYPES)
        lines = [b"Content-Type: " + content_type]
        if self._wild(0.003):
            framing, sent = self._one(bodies.UNFINISHED_FRAMINGS)
        elif self._wild(0.02):
            framing, sent = self._one(bodies.WILD_FRAMINGS)
        elif self._chance(0.2):
            framing, sent = b"Transfer-Encoding: chunked", self._chunked(self._filled(body))
        else:
            framing, sent = b"Content-Length: LENGTH", b"BODY"
        return [*lines, *filter(None, [framing])], sent.replace(b"BODY", body)

    def _chunked(self, body: bytes) -> bytes:
        size = self._one((1, 7, 1000, 65536))
        size = max(size, len(body) // 100)
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
