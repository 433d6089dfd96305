"""A short attack on each site: servers and placements."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.robustness.attack import verdict
from tests.robustness.attack.campaign import SITES, Plan, attack

pytestmark = pytest.mark.clients

SEED = 20261130
REQUESTS = 600 * len(SITES)


@pytest.mark.parametrize("placement", sorted({placement for _, placement in SITES}))
def test_short_attack_finds_nothing(tmp_path: Path, placement: str):
    outcomes = attack(Plan(REQUESTS, SEED, placement=placement), tmp_path)
    assert len(outcomes) == 2
    assert all(outcome.sent == 600 for outcome in outcomes)
    assert not any(outcome.violations for outcome in outcomes), "\n".join(verdict(SEED, outcomes))
