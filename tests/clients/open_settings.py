"""Settings of the example, with a third MCP server that a client can connect to without a token."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import MCP_RESOURCES as OF_THE_EXAMPLE

ROOT_URLCONF = "tests.clients.open_urls"
MCP_RESOURCES = {**OF_THE_EXAMPLE, "/open/mcp": {"scopes_supported": ["mcp"]}}
