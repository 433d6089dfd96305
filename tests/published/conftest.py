"""Copies of the published keys, as processes have them."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.signing.published import PublishedKeys
from tests.keys import HOUR, NOW, make_key
from tests.published.copies import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(clock):
    """The copy of a process that has just been started."""
    return PublishedKeys(clock)


@pytest.fixture
def stale(keys, clock, transactional_db):
    """A copy of one key that is too old to go unread."""
    make_key(expires_at=NOW + HOUR)
    keys.at(NOW)
    clock.seconds += 60
    return keys
