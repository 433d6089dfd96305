"""The settings of the processes that the tests start."""

from __future__ import annotations

import os
from datetime import timedelta

from tests.settings import *  # noqa: F403

MCP_ISSUER = "https://app.example.com"
MCP_SIGNING_ALGORITHMS = os.environ["MCP_TEST_ALGORITHMS"].split()
MCP_KEY_ROTATION_INTERVAL = timedelta(days=int(os.environ["MCP_TEST_INTERVAL"]))
