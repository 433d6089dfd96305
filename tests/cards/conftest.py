"""A pinned site whose default resource has a server card."""

from __future__ import annotations

import pytest

from tests import ORIGIN
from tests.server.conftest import OURS


@pytest.fixture
def weather():
    """The members of a card that are required."""
    return {
        "name": "com.example/weather",
        "version": "1.0.0",
        "description": "Forecasts for any place.",
    }


@pytest.fixture
def pinned(settings, weather):
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    settings.MCP_SERVER_CARDS = {"/mcp": weather}
    return settings
