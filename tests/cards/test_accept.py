"""How much a client wants a media type, by its `Accept` header."""

from __future__ import annotations

import pytest

from mcp_oauth_discovery.standards.media_types import quality

CARD = "application/mcp-server-card+json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", 0),
        (CARD, 1),
        (CARD.upper(), 1),
        ("application/*", 1),
        ("*/*", 1),
        ("text/html", 0),
        (f"text/html, {CARD};q=0.5", 0.5),
        (f"{CARD} ; q = 0.25 , */*", 0.25),
        (f"*/*;q=0.1, {CARD};q=0, application/*", 0),
        ("*/*;q=1.000, application/*;q=0.125", 0.125),
        (f"{CARD};v=1;q=0.5", 0.5),
        (f"{CARD};q=0.2, {CARD};q=0.8", 0.8),
        # A malformed weight makes the range count for nothing.
        (f"{CARD};q=2", 0),
        (f"{CARD};q=-1, */*;q=0.3", 0.3),
        (f"{CARD};q=", 0),
        (f"{CARD};q=nan", 0),
        (",;,/,;;q=,", 0),
        (f"{CARD}, {'a' * 1000}", 0),
    ],
    ids=ascii,
)
def test_most_specific_range_decides(accept, expected):
    assert quality(accept, CARD) == expected
