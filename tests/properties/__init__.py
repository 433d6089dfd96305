"""Properties that hold for every value that hypothesis finds: the source of docs/robustness.md."""

from __future__ import annotations

import os

from hypothesis import settings

# How many random examples each property has; 0 means a few, the same in every run.
MOST = int(os.environ.get("MCP_PROPERTIES", "0"))


def steps(number, examples):
    """Return the settings of a machine, whose examples have several steps and so take longer."""
    return settings(stateful_step_count=number, max_examples=MOST or examples)
