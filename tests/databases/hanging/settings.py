"""Settings without limits: no timeout for the database, and a transaction for each request."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import MIDDLEWARE as WITHOUT_DISCOVERY

MCP_ISSUER = "https://app.example.com"
MCP_SIGNING_ALGORITHMS = ["EdDSA"]

ROOT_URLCONF = "tests.databases.hanging.urls"
MIDDLEWARE = [*os.environ.get("MCP_TEST_MIDDLEWARE", "").split(), *WITHOUT_DISCOVERY]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "mcp",
        # The directory of a Unix socket.
        "HOST": os.environ["MCP_TEST_SOCKET"],
        "ATOMIC_REQUESTS": True,
    }
}
