"""Views that never come to an end hold up neither the command in process nor the end of it.

Each has a process of its own, with a watchdog that waits for many times what is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
WATCHDOG = 60


def found(endpoint: str, *options: str) -> list[str]:
    """Return the codes that the command has for the endpoint of a project, but for the passes."""
    command = [sys.executable, "-m", "tests.doctor.endless", endpoint, "--json", *options]
    ended = subprocess.run(
        command, cwd=CHECKOUT, timeout=WATCHDOG, capture_output=True, text=True, check=False
    )
    assert ended.stdout, ended.stderr[-2000:]
    [report] = json.loads(ended.stdout)["reports"]
    return [one["code"] for one in report["findings"] if one["severity"] != "pass"]


@pytest.mark.parametrize("endpoint", ["events", "later-events", "octets", "later-octets"])
def test_open_stream_is_named_and_nothing_else(endpoint):
    assert found(endpoint, "--timeout", "2", "--only", "reach,endpoint") == ["endpoint-get"]


@pytest.mark.parametrize("endpoint", ["stuck", "waits", "blocks"])
def test_view_that_does_not_come_back_is_late(endpoint):
    options = ("--timeout", "2", "--only", "reach,endpoint")
    assert found(endpoint, *options) == ["reach-timeout"]


def test_budget_is_over_in_process_as_well():
    options = ("--timeout", "60", "--budget", "3", "--only", "reach")
    assert found("stuck", *options) == ["reach-cut"]
