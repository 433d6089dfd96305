"""The example on PostgreSQL, with spans so short that keys live through all states in a minute."""

from __future__ import annotations

import os
from datetime import timedelta

from example_project.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "mcp",
        # The directory of a Unix socket.
        "HOST": os.environ["MCP_TEST_SOCKET"],
        "CONN_MAX_AGE": 60,
    }
}

# Copies of the keys are up to 5 seconds old, and caches of them 1 second. A new key is published
# for twice as long, so that a busy machine has time to make it.
MCP_JWKS_MAX_AGE = 1
MCP_KEY_PUBLISH_AHEAD = MCP_KEY_ROTATION_INTERVAL = timedelta(seconds=12)
# As long as tokens live: `load.TOKEN_SECONDS`.
MCP_KEY_RETENTION = timedelta(seconds=int(os.environ["ACCESS_TOKEN_SECONDS"]))
