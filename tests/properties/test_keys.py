"""The key store, whatever was done to it and whatever time it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.models import SigningKey
from tests.keys import NOW, TICK
from tests.properties import steps
from tests.properties.key_store import KeyStore, WrongClocks, expected_state

INSTANTS = st.timedeltas(timedelta(-5), timedelta(5)).map(NOW.__add__)
ALGORITHMS = ["EdDSA", "ES256", "RS256"]


@given(
    dates=st.lists(INSTANTS, min_size=3, max_size=3).map(sorted),
    known=st.integers(1, 3),
    revoked_at=st.one_of(st.none(), st.none(), INSTANTS),
    clocks=st.lists(INSTANTS, min_size=2),
)
def test_state_of_a_key_is_a_function_of_the_clock(dates, known, revoked_at, clocks):
    names = ("activates_at", "retires_at", "expires_at")[:known]
    key = SigningKey(**dict(zip(names, dates, strict=False)), revoked_at=revoked_at)
    instants = sorted([*clocks, *dates, *(date - TICK for date in dates)])
    states = [key.state(now) for now in instants]
    assert states == [expected_state(key, now) for now in instants]
    # Each state is one interval: the list changes only where a new state begins.
    changes = [each for each, last in zip(states, [None, *states], strict=False) if each != last]
    assert len(changes) == len(set(changes))


@pytest.fixture
def store(db, monkeypatch):
    """Run a machine with keys from a pool, because RSA keys take long to make."""

    def run(machine):
        def make():
            created = machine()
            monkeypatch.setattr(jwk, "generate", created.generate)
            return created

        with override_settings(MCP_SIGNING_ALGORITHMS=ALGORITHMS):
            run_state_machine_as_test(make, settings=steps(12, 6))

    return run


def test_published_set_has_the_active_keys_whatever_is_done_when(store):
    store(KeyStore)


def test_wrong_clocks_break_no_other_rule(store):
    store(WrongClocks)
