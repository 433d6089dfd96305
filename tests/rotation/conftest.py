"""The keys that most of the changes begin with."""

from __future__ import annotations

import pytest

from tests.keys import NOW
from tests.rotation.store import rotate


@pytest.fixture
def pair():
    """A key that signs since NOW, and its successor, which signs from a day later on."""
    first = rotate(NOW)
    second = rotate(NOW)
    return first, second
