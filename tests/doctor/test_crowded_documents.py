"""Documents as large as the doctor reads, and full of one thing, end in a report of some pages.

A process of its own reads all of them, with a watchdog that waits for many times what is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doctor.crowded import CROWDS

CHECKOUT = Path(__file__).resolve().parents[2]
WATCHDOG = 120


@pytest.fixture(scope="module")
def reports() -> dict[str, list[int]]:
    """Return how many lines and letters the report of each crowd has."""
    command = [sys.executable, "-m", "tests.doctor.crowded"]
    try:
        ended = subprocess.run(
            command, cwd=CHECKOUT, timeout=WATCHDOG, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"Still at work after {WATCHDOG} seconds, and these: {late.output}")
    assert ended.returncode == 0, ended.stderr[-2000:]
    return {name: numbers for name, *numbers in map(json.loads, ended.stdout.splitlines())}


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowded_document_ends_in_a_report_of_some_pages(crowd, reports):
    lines, letters = reports[crowd]
    assert lines < 500
    assert letters < 100_000
