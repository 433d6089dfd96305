"""Settings of the example, but it also issues tokens for the MCP servers of another site."""

from __future__ import annotations

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import MCP_RESOURCES as OF_THE_EXAMPLE
from tests.clients.remote_settings import NAMES

MCP_RESOURCES = {
    **OF_THE_EXAMPLE,
    **{f"{os.environ['REMOTE_ORIGIN']}/{name}": {} for name in NAMES},
}
