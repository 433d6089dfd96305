"""The settings of the example, signing with all that there is."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from tests.verifiers import ALGORITHMS

MCP_SIGNING_ALGORITHMS = ALGORITHMS
