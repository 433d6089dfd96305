"""A short attack on each site: both servers, in each placement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.robustness.attack import verdict
from tests.robustness.attack.campaign import SITES, Plan, attack

pytestmark = pytest.mark.clients

SEED = 20261130
EACH = 600


def test_short_attack_finds_nothing(tmp_path: Path):
    outcomes = attack(Plan(EACH * len(SITES), SEED), tmp_path)
    assert [outcome.sent for outcome in outcomes] == [EACH] * len(SITES)
    assert not any(outcome.violations for outcome in outcomes), "\n".join(verdict(SEED, outcomes))
