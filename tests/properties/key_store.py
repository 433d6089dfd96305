"""A key store that is changed in every order, by clocks that go forward and back."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.models import SigningKey, State
from mcp_oauth_discovery.rotation import Refused
from mcp_oauth_discovery.signing.published import PublishedKeys
from tests.keys import DAY, HOUR, NOW, SECOND, TICK

# RSA keys take long to make, and each example forgets the keys of the one before.
_POOL = 6
GENERATE = jwk.generate


@cache
def pool(algorithm):
    return [GENERATE(algorithm) for _ in range(_POOL)]


ALGORITHM = st.sampled_from(sorted(ALGORITHMS))
SPANS = st.one_of(
    st.sampled_from([TICK, SECOND, 60 * SECOND, 121 * SECOND, HOUR, DAY, 2 * DAY, 3 * DAY]),
    st.timedeltas(timedelta(0), 100 * DAY),
)

NUMBERS = st.integers(0, 7)


def numbered(number):
    """Return the kid of a key by its place: kids are random, and examples must be the same."""
    kids = list(SigningKey.objects.order_by("pk").values_list("kid", flat=True))
    return kids[number % len(kids)] if kids else None


def instants(key):
    """Return the dates of a key, in their order, without those that it does not have."""
    return [at for at in (key.activates_at, key.retires_at, key.expires_at) if at is not None]


def expected_state(key, now):
    """Return the state by the definition in the documentation, from the dates alone."""
    if key.revoked_at is not None:
        return State.REVOKED
    names = [State.PENDING, State.ACTIVE, State.RETIRED, State.EXPIRED]
    dates = (key.activates_at, key.retires_at, key.expires_at)
    return names[max((n for n, at in enumerate(dates, 1) if at and at <= now), default=0)]


class KeyStore(RuleBasedStateMachine):
    """Every change of the package, at a clock that any host may have."""

    @initialize()
    def begin(self):
        self.now = NOW
        self.signing = set()
        self.made = dict.fromkeys(ALGORITHMS, 0)
        self.transaction = transaction.atomic()
        self.transaction.__enter__()

    def teardown(self):
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def generate(self, algorithm):
        """Return the next key of the pool; it is made if the pool is used up."""
        number = self.made[algorithm]
        self.made[algorithm] = number + 1
        return pool(algorithm)[number] if number < _POOL else GENERATE(algorithm)

    def change(self, function, *args, **kwargs):
        """Make a change, which the package may refuse."""
        try:
            return function(*args, now=self.now, **kwargs)
        except Refused:
            return None

    @rule(span=SPANS)
    def time_passes(self, span):
        self.now += span

    @rule(algorithm=ALGORITHM, if_due=st.booleans())
    def rotate(self, algorithm, if_due):
        assert self.change(rotation.rotate, algorithm, if_due=if_due)
        self.signing.add(algorithm)

    @rule(number=NUMBERS, act=st.sampled_from([rotation.retire, rotation.revoke]))
    def end_a_key(self, number, act):
        if kid := numbered(number):
            self.change(act, kid)

    @rule(algorithm=ALGORITHM, public_only=st.booleans())
    def import_key(self, algorithm, public_only):
        key = self.generate(algorithm)
        pem = jwk.public_pem(jwk.public_jwk(key, algorithm)) if public_only else jwk.to_pem(key)
        if self.change(rotation.import_key, pem, public_only=public_only) and not public_only:
            self.signing.add(algorithm)

    @rule()
    def prune(self):
        self.change(rotation.prune)

    @invariant()
    def state_is_a_function_of_the_clock(self):
        for key in SigningKey.objects.all():
            for now in self.clocks([key]):
                assert key.state(now) is expected_state(key, now)
            # The dates are in order, so the intervals of the states follow each other.
            assert instants(key) == sorted(instants(key))

    @invariant()
    def no_two_keys_of_an_algorithm_sign_at_one_instant(self):
        keys = list(SigningKey.objects.all())
        for now in self.clocks(keys):
            active = [key.algorithm for key in keys if key.state(now) is State.ACTIVE]
            assert len(active) == len(set(active))

    @invariant()
    def published_set_has_every_active_key(self):
        keys = list(SigningKey.objects.all())
        copies = PublishedKeys()
        for now in self.clocks(keys):
            shown = {key.kid for key in copies.at(now)}
            assert shown == {key.kid for key in keys if key.is_published(now)}
            assert shown >= {key.kid for key in keys if key.state(now) is State.ACTIVE}

    @rule(span=SPANS, sign=st.sampled_from([1, -1]))
    def database_agrees_at_another_instant(self, span, sign):
        now, keys = self.now + sign * span, list(SigningKey.objects.all())
        active = {key.kid for key in keys if key.state(now) is State.ACTIVE}
        published = {key.kid for key in keys if key.is_published(now)}
        assert active == set(SigningKey.objects.active(now).values_list("kid", flat=True))
        assert published == set(SigningKey.objects.published(now).values_list("kid", flat=True))
        signers = [SigningKey.objects.signing_key(algorithm, now) for algorithm in ALGORITHMS]
        assert {signer.kid for signer in signers if signer} == active

    @invariant()
    def algorithm_that_signs_keeps_signing(self):
        keys = list(SigningKey.objects.all())
        for now in (at for at in self.clocks(keys) if at >= self.now):
            active = {key.algorithm for key in keys if key.state(now) is State.ACTIVE}
            assert active >= self.signing

    def clocks(self, keys):
        """Return the present, and the instants around each date of some keys."""
        dates = {self.now, *(date for key in keys for date in instants(key))}
        return sorted(at + tick for at in dates for tick in (-TICK, timedelta(0), TICK))


class WrongClocks(KeyStore):
    """Hosts whose clocks differ: each change may be earlier than the one before."""

    @rule(span=SPANS)
    def clock_is_set_back(self, span):
        self.now -= span
        # The documentation says how an operator ends such a gap: rotate.
        self.signing = set()
