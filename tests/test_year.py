"""A year in the life of the keys, clock in hand: no token fails, and no key outstays its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.policy import timing
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing.published import Copy
from tests import ORIGIN
from tests.simulated_caches import longest_use
from tests.simulation import CRON, HAZE, World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.simulations,
    # A year is long, and the shorter tests reach every line.
    pytest.mark.usefixtures("unmeasured"),
    # What joserfc says of the name EdDSA.
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def pinned(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = list(ALGORITHMS)


@pytest.fixture
def often(settings):
    """Rotate often, and publish no longer than it takes until everybody has seen it."""
    settings.MCP_KEY_ROTATION_INTERVAL = timedelta(days=14)
    settings.MCP_KEY_PUBLISH_AHEAD = timedelta(seconds=300) + 2 * HAZE
    settings.MCP_KEY_RETENTION = 6 * HOUR


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_year_with_the_default_settings(monkeypatch, algorithm):
    world = World(monkeypatch, seed=1, density=60, algorithm=algorithm).run()
    check_year(world)
    assert len(world.known) == 5


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_year_with_a_rotation_every_fortnight(monkeypatch, often, algorithm):
    world = World(monkeypatch, seed=2, density=16, algorithm=algorithm).run()
    check_year(world)
    assert 22 <= len(world.known) <= 27


def check_year(world):
    """Check that nothing went wrong, that each key had its term, and that enough was tried."""
    assert world.failures == []
    assert world.overdue == []
    interval, terms = timing().interval, world.terms()
    assert len(terms) == len(world.known) - 1
    assert all(interval <= term <= interval + CRON for term in terms)
    assert 400 < world.signed < 2_000
    # Two verifiers use each token three times, and the site does so now and then.
    assert 5 * world.signed < world.verified <= 12 * world.signed


# The same year without one of the things that keep it quiet: would it be seen?


def test_tokens_that_outlive_the_retention_fail(monkeypatch, often):
    world = World(monkeypatch, seed=3, days=45, token_life=7 * HOUR).run()
    assert world.failures
    assert world.overdue == []


def test_keys_that_sign_before_caches_have_them_fail(monkeypatch, often):
    class Hasty(World):
        def rotate(self, host):
            key = super().rotate(host)
            pending = SigningKey.objects.filter(kid=key.kid, activates_at__gt=host.now)
            if pending.exists() and key.kid not in self.known:
                soon = F("created_at") + timedelta(seconds=100)
                SigningKey.objects.filter(retires_at=key.activates_at).update(
                    retires_at=host.now + timedelta(seconds=100)
                )
                pending.update(activates_at=soon)
                key.refresh_from_db()
            return key

    world = Hasty(monkeypatch, seed=4, days=45).run()
    assert world.failures
    assert world.overdue == []


def test_keys_that_leave_when_they_retire_fail(monkeypatch, often):
    class Forgetful(World):
        def rotate(self, host):
            key = super().rotate(host)
            SigningKey.objects.exclude(retires_at=None).update(expires_at=F("retires_at"))
            return key

    assert Forgetful(monkeypatch, seed=5, days=45).run().failures


def test_keys_that_are_served_for_ever_are_overdue(monkeypatch, often):
    monkeypatch.setattr(Copy, "at", lambda self, now: list(self.keys))
    world = World(monkeypatch, seed=6, days=45).run()
    assert world.failures == []
    assert any("served: " in line for line in world.overdue)


def test_keys_that_are_cached_past_their_end_are_overdue(monkeypatch, often):
    monkeypatch.setattr(documents, "jwks_max_age", lambda now: 300)
    world = World(monkeypatch, seed=7, days=45).run()
    assert world.failures == []
    assert any("cached: " in line for line in world.overdue)
    assert not any("served: " in line for line in world.overdue)


def test_caches_that_may_serve_stale_sets_fail(monkeypatch, often):
    class Stale(World):
        def serve(self):
            document, header, age = super().serve()
            return document, f"{header}, stale-while-revalidate=900", age

    world = Stale(monkeypatch, seed=9, days=45).run()
    assert world.failures
    assert any("cached: " in line for line in world.overdue)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("public, max-age=300", 300),
        ("max-age=300, stale-while-revalidate=60, stale-if-error=90", 390),
        ("no-store", 0),
    ],
)
def test_caches_keep_the_set_as_long_as_its_header_allows(header, seconds):
    assert longest_use(header) == timedelta(seconds=seconds)


def test_hosts_whose_clocks_differ_too_much_fail(monkeypatch, often):
    class Adrift(World):
        def _skews(self, number):
            return [10 * skew for skew in super()._skews(number)]

    assert Adrift(monkeypatch, seed=8, days=45).run().failures
