"""Hosts that sign and publish, and verifiers that cache, each with a clock of its own.

Time is a queue of events. It is dense where a failure could be: about the moments at which a key
is published, takes over from another one and leaves the JWK Set, and at the end of each token.
"""

from __future__ import annotations

import heapq
import random
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count, cycle, pairwise

from joserfc.errors import JoseError

from mcp_oauth_discovery import rotation, signing
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.discovery.responses import Answer
from mcp_oauth_discovery.keys.cache import READ_AT_MOST_EVERY, changes
from mcp_oauth_discovery.keys.policy import CLOCK_SKEW, jwks_max_age, timing
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation.schedule import due_at
from mcp_oauth_discovery.signing import copies, published, verify
from mcp_oauth_discovery.signing.published import PublishedKeys
from tests.simulated_caches import SharedCache, Verifier

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
AUDIENCE = "https://app.example.com/mcp"
EDDSA = "EdDSA"

# All hosts look within that time whether a rotation is due, the slowest by its own clock.
CRON = timedelta(days=2, minutes=5) + 2 * CLOCK_SKEW

# Moments at which a key starts or ceases to do something, and what clocks can make of them.
HAZE = 2 * CLOCK_SKEW + READ_AT_MOST_EVERY


class Host:
    """A site process: its clock, and its copy of the published keys."""

    def __init__(self, world, skew):
        self.world, self.skew = world, skew
        self.changes = 0
        self.published = PublishedKeys(clock=lambda: (world.now - BEGIN).total_seconds())

    @property
    def now(self):
        return self.world.now + self.skew


class World:
    """Some hosts, some verifiers, and what went wrong: `failures` and `overdue`."""

    def __init__(
        self, monkeypatch, *, seed, days=365, token_life=None, density=24, algorithm=EDDSA
    ):
        self.random = random.Random(seed)  # noqa: S311
        self.algorithm = algorithm
        self.density = density
        self.token_life = token_life or timing().retention
        self.now, self.end = BEGIN, BEGIN + days * DAY
        self.hosts = [Host(self, skew) for skew in self._skews(4)]
        # Half of the verifiers ask the site, and half of them a cache in front of it.
        sources = cycle([self, SharedCache(self)])
        self.verifiers = [
            Verifier(self, skew, source)
            for skew, source in zip(self._skews(6), sources, strict=False)
        ]
        self.host = self.hosts[0]
        self.known, self.due = set(), BEGIN
        self.failures, self.overdue = [], []
        self.signed = self.verified = 0
        self._events, self._order = [], count()
        self._ends, self._changes = {}, None
        # Each host is a process of its own, that learns of the others' changes by reading.
        monkeypatch.setattr(copies, "changes", lambda: self.host.changes)
        monkeypatch.setattr(published, "published_keys", self)
        monkeypatch.setattr(verify, "published_keys", self)

    def _skews(self, number):
        skew = CLOCK_SKEW.total_seconds()
        drawn = [self.random.uniform(-skew, skew) for _ in range(number - 2)]
        return [timedelta(seconds=seconds) for seconds in (-skew, skew, *drawn)]

    def terms(self):
        """Return how long each key has signed, but for the last one, which still does."""
        starts = SigningKey.objects.order_by("generation").values_list("activates_at", flat=True)
        return [end - start for start, end in pairwise(starts)]

    # What replaces the module's own copy of the published keys.

    def copy(self, *patience):
        return self.host.published.copy(*patience)

    def renewed(self):
        return self.host.published.renewed()

    @contextmanager
    def on(self, host):
        """Be the process of a host."""
        self.host, before = host, changes()
        yield host
        host.changes += changes() - before

    # Time

    def plan(self, at, act, *arguments):
        if self.now <= at:
            heapq.heappush(self._events, (at, next(self._order), act, arguments))

    def about(self, moment, before, after=None):
        span = (before if after is None else after) + before
        return moment - before + self.random.random() * span

    def run(self):
        """Live through the year."""
        with self.on(self.hosts[0]):
            self.notice(rotation.rotate(self.algorithm, now=self.now))
        # Verifiers that have seen the empty set are waited for, once.
        self.now += timedelta(seconds=jwks_max_age()) + HAZE
        for host in self.hosts:
            self.plan(self.about(self.now, timedelta(0), 2 * DAY), self.cron, host)
        for _ in range((self.end - self.now).days // 2):
            self.plan(self.about(self.now, timedelta(0), self.end - self.now), self.sign)
        while self._events:
            self.now, _, act, arguments = heapq.heappop(self._events)
            act(*arguments)
        return self

    # What hosts and verifiers do

    def cron(self, host):
        """Rotate if that is due, and prune; every other day on each host."""
        with self.on(host):
            self.notice(self.rotate(host))
            rotation.prune(now=host.now)
        following = self.about(self.now + 2 * DAY, timedelta(minutes=5))
        if following < self.end:
            self.plan(following, self.cron, host)
        if self.due - 2 * DAY < following < self.end:
            # The worst time to look is just before there is something new.
            for verifier in self.random.sample(self.verifiers, 3):
                self.plan(self.about(following, HAZE, SECOND), verifier.look)

    def rotate(self, host):
        return rotation.rotate(self.algorithm, now=host.now, if_due=True)

    def notice(self, key):
        """Take aim at what happens to a key that is new, and to its predecessor."""
        if key.kid in self.known:
            return
        self.known.add(key.kid)
        self.due = due_at(key)
        handover, retention = key.activates_at, timing().retention
        for _ in range(self.density):
            self.plan(self.about(handover, HAZE), self.sign)
            self.plan(self.about(handover + retention, HAZE), self.serve)
        for _ in range(self.density // 3):
            self.plan(self.about(key.created_at, HAZE), self.sign)
        for verifier in self.verifiers:
            self.plan(self.about(key.created_at, HAZE), verifier.look)
            self.plan(self.about(handover, HAZE), verifier.look)

    def life(self):
        """Return how long a token lives; most live as long as they may."""
        shortened = self.random.choice([timedelta(0), timedelta(0), HAZE, self.token_life])
        return max(self.token_life - self.random.random() * shortened, SECOND)

    def sign(self):
        with self.on(self.random.choice(self.hosts)) as host:
            expiry = host.now + self.life()
            claims = {"aud": AUDIENCE, "exp": int(expiry.timestamp())}
            try:
                token = signing.sign_jwt(claims, algorithm=self.algorithm, now=host.now)
            except signing.NoSigningKey as error:
                self.failures.append(f"{self.now}: {error}")
                return
        self.signed += 1
        expiry = datetime.fromtimestamp(claims["exp"], timezone.utc)
        self.plan_use(token, expiry, self.verifiers[0])
        self.plan_use(token, expiry, self.random.choice(self.verifiers))

    def plan_use(self, token, expiry, verifier):
        """Use a token at once, at some time, and until the last moment by the verifier's clock.

        The first verifier is the slowest one: it wants a token when others have dropped its key.
        """
        end = expiry - verifier.skew
        for at in (
            self.now,
            self.about(self.now, timedelta(0), end - self.now),
            self.about(end, 2 * SECOND, timedelta(0)),
        ):
            self.plan(at, self.verify, verifier, token, expiry)

    def verify(self, verifier, token, expiry):
        """Verify a token with a cached JWK Set, and on the site itself, until it has expired."""
        if verifier.now < expiry:
            self.verified += 1
            try:
                verifier.verify(token)
            except (JoseError, ValueError, AttributeError) as error:
                self.failures.append(f"{self.now}, cached: {error!r}")
            self.check_ends(verifier.kids, self.now - CLOCK_SKEW, "cached")
        host = self.random.choice(self.hosts)
        if self.random.random() < 0.3 and host.now < expiry:
            self.verified += 1
            with self.on(host):
                self.verify_on_site(host, token)

    def verify_on_site(self, host, token):
        try:
            signing.verify_jwt(token, audience=AUDIENCE, now=host.now)
        except signing.InvalidToken as error:
            self.failures.append(f"{self.now}, on the site: {error}")

    def serve(self):
        """Return the JWK Set as some host serves it: the document, `Cache-Control`, and its age."""
        with self.on(self.random.choice(self.hosts)) as host:
            document = documents.jwk_set(host.now)
            max_age = documents.jwks_max_age(host.now)
        kids = {key["kid"] for key in document["keys"]}
        self.check_ends(kids, host.now, "served")
        self.check_ends(kids, self.now - CLOCK_SKEW, "served, by the true time")
        header = Answer(document, max_age=max_age).headers["Cache-Control"]
        return document, header, timedelta(0)

    def check_ends(self, kids, now, where):
        if self._changes != changes():
            self._changes = changes()
            dated = SigningKey.objects.exclude(expires_at=None)
            self._ends = dict(dated.values_list("kid", "expires_at"))
        ended = [kid for kid in kids if kid in self._ends and self._ends[kid] <= now]
        self.overdue += [f"{self.now}, {where}: {kid}" for kid in ended]
