"""Somebody who may look at the overview, and what they see there."""

from __future__ import annotations

from html import unescape

import pytest

from tests.overview.pages import HOST, OVERVIEW, visitor


@pytest.fixture(autouse=True)
def quick(settings):
    """Leave RSA out: its keys take their time."""
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


@pytest.fixture
def staff():
    return visitor("view")


@pytest.fixture
def look(staff):
    """Return a function that opens the overview, and returns its text and what it is made of."""

    def look(**options):
        response = staff.get(OVERVIEW, secure=True, headers=HOST, **options)
        assert response.status_code == 200
        return unescape(response.content.decode()), response.context

    return look
