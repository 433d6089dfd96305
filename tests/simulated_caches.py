"""Verifiers elsewhere, and a cache in front of the site: they keep the keys as long as they may."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from joserfc import jwt
from joserfc.jwk import KeySet

LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


def longest_use(cache_control):
    """Return for how long a cache may serve a response with this header.

    RFC 5861: in the last two spans it is stale, but a cache may still serve it.
    """
    if "no-store" in cache_control:
        return timedelta(0)
    spans = ("max-age", "stale-while-revalidate", "stale-if-error")
    found = {span: re.search(rf"\b{span}=(\d+)", cache_control) for span in spans}
    seconds = {span: int(match[1]) for span, match in found.items() if match}
    fresh = seconds.pop("max-age", 0)
    return (fresh + max(seconds.values(), default=0)) * SECOND


class SharedCache:
    """A cache between verifiers and the site. Its `Age` is in whole seconds (RFC 9111 §5.1)."""

    def __init__(self, source):
        self.source = source
        self.document, self.header = None, ""
        self.stored_at = self.good_until = LONG_AGO

    def serve(self):
        now = self.source.now
        if now >= self.good_until:
            self.document, self.header, age = self.source.serve()
            self.stored_at, self.good_until = now - age, now - age + longest_use(self.header)
        return self.document, self.header, (now - self.stored_at) // SECOND * SECOND


class Verifier:
    """A resource server elsewhere: it keeps the JWK Set for as long as it may, no less."""

    def __init__(self, world, skew, source):
        self.world, self.skew, self.source = world, skew, source
        self.keys, self.kids, self.good_until = None, set(), LONG_AGO

    @property
    def now(self):
        return self.world.now + self.skew

    def look(self):
        if self.world.now >= self.good_until:
            document, header, age = self.source.serve()
            self.keys = KeySet.import_key_set(document) if document["keys"] else None
            self.kids = {key["kid"] for key in document["keys"]}
            self.good_until = self.world.now + longest_use(header) - age

    def verify(self, token):
        self.look()
        jwt.decode(token, self.keys, algorithms=[self.world.algorithm])
