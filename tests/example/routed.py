"""The example with all of its tables in a database that is not the default one: its settings."""

from __future__ import annotations

import json
import os

from example_project.settings import *  # noqa: F403


class Router:
    """Send everything to one database."""

    def db_for_read(self, model, **hints):
        return "accounts"

    db_for_write = db_for_read


# An empty default, or another database that has no tables.
DATABASES = {
    "default": json.loads(os.environ["DEFAULT_DATABASE"]),
    "accounts": DATABASES["default"],  # noqa: F405
}
DATABASE_ROUTERS = [f"{__name__}.Router"]
