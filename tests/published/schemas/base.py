"""SQLite with a file for each schema, chosen by `set_schema`, on each server."""

from __future__ import annotations

from pathlib import Path

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    schema_name = "public"

    def set_schema(self, name):
        self.close()
        self.schema_name = name

    def get_connection_params(self):
        own = self.settings_dict
        params = super().get_connection_params()
        schema = params.pop("search_path", self.schema_name)
        return {**params, "database": Path(own["NAME"]) / f"{own['HOST']}{schema}.sqlite3"}
