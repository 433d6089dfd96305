"""What an error of the database means: that another writer was chosen, or that tables are missing.

Known by the SQLSTATE of PostgreSQL, by the number of MariaDB and MySQL, and by the words of SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator

# What a database says to the writer that has to give way to another one: serialization failure and
# deadlock; record changed and deadlock.
_CONFLICTS = ("40001", "40P01", 1020, 1213)

# No such table and no such column, in this order.
_UNPREPARED = ("42P01", "42703", 1146, 1054)
_UNPREPARED_SQLITE = ("no such table", "no such column")


def is_conflict(error: BaseException) -> bool:
    """Tell a database that has chosen another writer from one that cannot be used."""
    return any(code in _CONFLICTS for code in _codes(error))


def remedy(error: BaseException) -> str:
    """Return what to type, in a sentence that goes on from the error, if `migrate` mends it."""
    is_unprepared = any(code in _UNPREPARED for code in _codes(error))
    if is_unprepared or any(str(link).startswith(_UNPREPARED_SQLITE) for link in _chain(error)):
        return ". Has 'manage.py migrate' been run?"
    return ""


def _codes(error: BaseException) -> Iterator[object]:
    # psycopg says sqlstate, psycopg2 said pgcode; the drivers of MariaDB put the number first.
    for link in _chain(error):
        for name in ("sqlstate", "pgcode"):
            yield getattr(link, name, None)
        yield from link.args[:1]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes: that of the driver is behind Django's."""
    while error is not None:
        yield error
        error = error.__cause__
