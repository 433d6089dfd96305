"""What the database of a project has, read without a write and without making a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, router
from django.db import Error as AnyDatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing.readings import present_connection


class Database(NamedTuple):
    """Whether all migrations are applied, and whether a key signs; or why that is unknown."""

    has_migrated: bool = False
    has_keys: bool = False
    problem: str = ""


def database() -> Database:
    """Return what the database has."""
    connection = present_connection()
    if _is_missing(connection):
        return Database()
    try:
        with undisturbed(connection):
            if _pending(connection):
                return Database()
            keys = SigningKey.objects.using(router.db_for_read(SigningKey)).active()
            return Database(True, keys.exists())
    except AnyDatabaseError as error:
        # PostgreSQL adds further lines.
        return Database(problem=next(iter(str(error).splitlines()), type(error).__name__))


def _is_missing(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a connection would create the file of an SQLite database."""
    if connection.vendor != "sqlite" or connection.connection is not None:
        return False
    name = str(connection.settings_dict["NAME"])
    return ":memory:" not in name and "mode=memory" not in name and not Path(name).exists()


def _pending(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a migration is not applied."""
    loader = MigrationLoader(connection)
    label = SigningKey._meta.app_label  # noqa: SLF001
    # The tables of other apps may be in other databases.
    is_default = connection.alias == DEFAULT_DB_ALIAS
    wanted = {node for node in loader.graph.nodes if is_default or node[0] == label}
    return bool(wanted - set(loader.applied_migrations))
