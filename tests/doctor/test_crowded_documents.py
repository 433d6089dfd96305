"""Documents as large as the doctor reads, and full of one thing, end in a report of some pages.

Each has a process of its own, with a watchdog that waits for many times what is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doctor.crowded import CROWDS

CHECKOUT = Path(__file__).resolve().parents[2]
WATCHDOG = 60


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowded_document_ends_in_a_report_of_some_pages(crowd):
    command = [sys.executable, "-m", "tests.doctor.crowded", crowd]
    ended = subprocess.run(
        command, cwd=CHECKOUT, timeout=WATCHDOG, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    assert told["lines"] < 500
    assert told["letters"] < 100_000
