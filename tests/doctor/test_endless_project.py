"""Views that never come to an end hold up neither the command in process nor the end of it.

One process asks them all, with a watchdog that waits for many times what is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WATCHDOG = 60


def found(endpoints: str, *options: str) -> dict[str, str]:
    """Return the codes that the command has for endpoints of a project, but for the passes."""
    command = [sys.executable, "-m", "tests.doctor.endless", endpoints, "--json", *options]
    ended = subprocess.run(
        command, cwd=CHECKOUT, timeout=WATCHDOG, capture_output=True, text=True, check=False
    )
    assert ended.stdout, ended.stderr[-2000:]
    return {
        report["url"].rpartition("/")[2]: " ".join(
            finding["code"] for finding in report["findings"] if finding["severity"] != "pass"
        )
        for report in json.loads(ended.stdout)["reports"]
    }


def test_open_stream_is_named_and_a_view_that_does_not_come_back_is_late():
    streams = ["events", "later-events", "octets", "later-octets"]
    views = ["stuck", "waits", "blocks"]
    codes = found(",".join([*streams, *views]), "--timeout", "1", "--only", "reach,endpoint")
    assert codes == {
        **dict.fromkeys(streams, "endpoint-get"),
        **dict.fromkeys(views, "reach-timeout"),
    }


def test_budget_is_over_in_process_as_well():
    options = ("--timeout", "60", "--budget", "1", "--only", "reach")
    assert found("stuck", *options) == {"stuck": "reach-cut"}
