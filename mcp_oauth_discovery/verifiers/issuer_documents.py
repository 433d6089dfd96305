"""The documents of an issuer: where its metadata is, and its JWK Set (RFC 8414, OpenID)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from mcp_oauth_discovery.logs.lines import one_line
from mcp_oauth_discovery.standards.identifiers import check_secure_url
from mcp_oauth_discovery.standards.well_known import server_metadata_urls
from mcp_oauth_discovery.verifiers.exchanges import (
    Answer,
    Deadline,
    Late,
    Sender,
    Unreachable,
)
from mcp_oauth_discovery.verifiers.key_sets import KeySet

# In octets. A thousand RSA keys with certificates have about two million.
_METADATA_LIMIT = 2**18
_KEYS_LIMIT = 2**22

_MAX_AGE = re.compile(r'(?:^|[,\s])max-age="?(\d{1,10})', re.IGNORECASE)
_HEADERS = {"Accept": "application/json"}
# Of a value of the issuer in a message.
_MOST_SHOWN = 200


class Bounds(NamedTuple):
    """How many seconds a document is kept: what its `max-age` says, within limits."""

    least: float
    default: float
    most: float

    def within(self, headers: Mapping[str, str]) -> float:
        """Return the seconds for an answer with these headers."""
        match = _MAX_AGE.search(headers.get("cache-control", ""))
        age = float(match[1]) if match else self.default
        return min(max(age, self.least), self.most)


# A key that the issuer withdraws may verify tokens for as long as the set is kept.
KEYS_KEPT = Bounds(60, 300, 3600)
METADATA_KEPT = Bounds(300, 3600, 86400)
# Until an issuer without keys has some, no token can be verified.
EMPTY_KEPT = 10.0


class Reading(NamedTuple):
    """The keys of an issuer, and for how many seconds they may be used without asking again."""

    keys: KeySet
    kept_for: float


class IssuerDocuments:
    """Reads the keys of one issuer; only one thread at a time may do so."""

    def __init__(
        self,
        issuer: str,
        client: Sender,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._timeout = timeout
        self._clock = clock
        self._jwks_uri = ""
        self._known_until = 0.0

    def read(self) -> Reading:
        """Return the present keys; raises `Unreachable`. All requests share the timeout."""
        deadline = Deadline(self._timeout)
        if not self._jwks_uri or self._clock() >= self._known_until:
            self._find_keys(deadline)
        try:
            return self._read_keys(deadline)
        except Unreachable:
            # The issuer may have moved its keys.
            self._jwks_uri = ""
            raise

    def _find_keys(self, deadline: Deadline) -> None:
        problems = []
        for url in server_metadata_urls(self._issuer):
            try:
                answer = self._get(url, deadline, _METADATA_LIMIT)
                self._jwks_uri = self._jwks_uri_of(answer.body)
            except Late:
                raise
            except Unreachable as problem:
                problems.append(f"{url}: {problem}")
            else:
                self._known_until = self._clock() + METADATA_KEPT.within(answer.headers)
                return
        raise Unreachable("; ".join(problems))

    def _jwks_uri_of(self, body: bytes) -> str:
        """Return the `jwks_uri` of metadata, which must be the metadata of this issuer."""
        document = _parse(body)
        # RFC 8414 §3.3: another issuer may have written it.
        if document.get("issuer") != self._issuer:
            issuer = _shown(document.get("issuer"))
            raise Unreachable(f"it is the metadata of the issuer {issuer}, not {self._issuer!r}")
        try:
            uri = check_secure_url(document.get("jwks_uri"))
        except ValueError as error:
            shown = _shown(document.get("jwks_uri"))
            raise Unreachable(f"its jwks_uri is {shown}: {error}") from error
        # Another host is allowed: the issuer has named it over TLS. But a server elsewhere must not
        # send requests to services on this machine.
        if uri.startswith("http:") and not self._issuer.startswith("http:"):
            raise Unreachable(f"its jwks_uri is {_shown(uri)}: expected the https scheme")
        return uri

    def _read_keys(self, deadline: Deadline) -> Reading:
        try:
            answer = self._get(self._jwks_uri, deadline, _KEYS_LIMIT)
            keys = KeySet(_keys_of(answer.body))
        except Late:
            raise
        except Unreachable as problem:
            raise Unreachable(f"{self._jwks_uri}: {problem}") from problem
        return Reading(keys, EMPTY_KEPT if keys.is_empty else KEYS_KEPT.within(answer.headers))

    def _get(self, url: str, deadline: Deadline, limit: int) -> Answer:
        answer = self._client.send("GET", url, deadline, limit=limit, headers=_HEADERS)
        if "location" in answer.headers and answer.status // 100 == 3:
            target = _shown(answer.headers["location"])
            raise Unreachable(f"it redirects to {target}, which is not followed")
        if answer.status != HTTPStatus.OK:
            raise Unreachable(f"the status is {answer.status}")
        return answer


def _keys_of(body: bytes) -> list[Any]:
    keys = _parse(body).get("keys")
    if not isinstance(keys, list):
        raise Unreachable("it is not a JWK Set, which has a list of keys")
    return keys


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable("it is not JSON") from error
    if not isinstance(document, dict):
        raise Unreachable("it is not a JSON object")
    return document


def _shown(value: object) -> str:
    return one_line(repr(value)[:_MOST_SHOWN])
