"""SQLite with a file for each schema, chosen by `set_schema`."""

from __future__ import annotations

from pathlib import Path

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    schema_name = "public"

    def set_schema(self, name):
        self.close()
        self.schema_name = name

    def get_connection_params(self):
        file = Path(self.settings_dict["NAME"]) / f"{self.schema_name}.sqlite3"
        return {**super().get_connection_params(), "database": file}
