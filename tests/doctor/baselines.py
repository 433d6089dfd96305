"""A baseline as it is read from a file."""

from __future__ import annotations

import json

from mcp_oauth_discovery.doctor.baseline import Baseline, read_baseline
from mcp_oauth_discovery.doctor.output.structured import as_json
from mcp_oauth_discovery.doctor.report import Report


def baseline_of(report: Report) -> Baseline:
    """Return a report as the baseline of another."""
    return read_baseline(json.dumps(as_json(report, ok=True)))
