"""How many examples each property has: few and the same ones by default, or many random ones.

`MCP_PROPERTIES=20000` gives each property that many random examples.
"""

from __future__ import annotations

import logging
from concurrent.futures import wait

import hypothesis
import pytest
from hypothesis import HealthCheck

from mcp_oauth_discovery.discovery import signed
from mcp_oauth_discovery.signing.copies import Reading
from tests.properties import MOST

# Fixtures of the project last for a whole property. Each example sets and undoes what it changes.
_COMMON = {
    "database": None,
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}

hypothesis.settings.register_profile("same", derandomize=True, max_examples=60, **_COMMON)
hypothesis.settings.register_profile("random", max_examples=MOST or 1, **_COMMON)
hypothesis.settings.load_profile("random" if MOST else "same")


@pytest.fixture(autouse=True)
def _unlogged(monkeypatch):
    """Keep the logs of thousands of examples out of the report of a property."""
    for name in ("django", "mcp_oauth_discovery"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "propagate", False)
        monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Wait for every reading of the keys, however busy the machine is."""

    def has_ended(reading, *, within):
        return bool(wait([reading.future], timeout=600).done)

    monkeypatch.setattr(Reading, "has_ended", has_ended)
    monkeypatch.setattr(signed, "SHORT_WAIT", 600)
