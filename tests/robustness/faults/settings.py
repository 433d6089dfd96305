"""The example with the database of a test, the timeouts of docs/databases.md, and named events."""

from __future__ import annotations

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import DATABASES

# RSA takes its time to make a key.
MCP_SIGNING_ALGORITHMS = ["EdDSA"]
ROOT_URLCONF = "tests.robustness.faults.urls"

if "MCP_TEST_SOCKET" in os.environ:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "mcp",
            # The directory of a Unix socket.
            "HOST": os.environ["MCP_TEST_SOCKET"],
            "OPTIONS": {"connect_timeout": 2, "options": "-c statement_timeout=5000"},
        }
    }
else:
    DATABASES["default"]["OPTIONS"]["timeout"] = 2
DATABASES["default"]["ATOMIC_REQUESTS"] = "MCP_TEST_ATOMIC_REQUESTS" in os.environ

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "events": {
            # A formatter of a dict takes no `defaults` before Python 3.12.
            "()": "logging.Formatter",
            "fmt": "{levelname} {event} {message}",
            "style": "{",
            "defaults": {"event": "-"},
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
