"""The example with a pinned issuer, in one of the three placements that the environment names."""

from __future__ import annotations

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import ALLOWED_HOSTS as LOOPBACK
from example_project.settings import MIDDLEWARE as ALL_MIDDLEWARE

# Django accepts these hosts, so their names reach this package.
ALLOWED_HOSTS = [*LOOPBACK, ".attacked.example"]

if os.environ.get("PLACEMENT") == "views":
    MIDDLEWARE = [name for name in ALL_MIDDLEWARE if not name.endswith("DiscoveryMiddleware")]
