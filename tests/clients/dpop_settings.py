"""Settings of the example with DPoP, where each proof needs a nonce of the site."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403

MCP_DPOP_NONCE_REQUIRED = True
