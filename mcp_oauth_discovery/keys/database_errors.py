"""What a database error means: another writer won, or tables are missing.

PostgreSQL says so by SQLSTATE, MariaDB and MySQL by number, and SQLite in words.
"""

from __future__ import annotations

from collections.abc import Iterator

# A writer that gets one of these must retry. PostgreSQL: serialization failure and deadlock.
# MariaDB and MySQL: record changed and deadlock.
_CONFLICTS = ("40001", "40P01", 1020, 1213)

# No such table and no such column, in this order.
_UNPREPARED = ("42P01", "42703", 1146, 1054)
_UNPREPARED_SQLITE = ("no such table", "no such column")


def is_conflict(error: BaseException) -> bool:
    """Return whether the database rejected this writer in favour of a concurrent one."""
    return any(code in _CONFLICTS for code in _codes(error))


def remedy(error: BaseException) -> str:
    """Return the end of a message, with the command to run if tables or columns are missing."""
    is_unprepared = any(code in _UNPREPARED for code in _codes(error))
    if is_unprepared or any(str(link).startswith(_UNPREPARED_SQLITE) for link in _chain(error)):
        return ". Has 'manage.py migrate' been run?"
    return ""


def _codes(error: BaseException) -> Iterator[object]:
    # psycopg has `sqlstate`, psycopg2 `pgcode`; the drivers of MariaDB put the number first.
    for link in _chain(error):
        for name in ("sqlstate", "pgcode"):
            yield getattr(link, name, None)
        yield from link.args[:1]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes, such as that of the driver behind Django's."""
    while error is not None:
        yield error
        error = error.__cause__
