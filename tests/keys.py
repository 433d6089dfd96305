"""Keys for tests: those of the RFCs, rows that no rotation would write, and other writers."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.models import SigningKey

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

VECTORS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "vectors").glob("*.json"))
}
RSA, EC, ED = "rfc7638-3.1-rsa", "rfc7517-a.1-ec", "rfc8037-a-ed25519"

# What somebody may have made of the public half of a key.
MALFORMED = [{"kty": "EC"}, {}, [], "x", {"kty": "OKP", "crv": "Ed25519", "x": None}]

# RFC 7517, RFC 7518 and RFC 8037: what never leaves the key store.
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def as_file(vector, *, private=True, **members):
    """Return the key of a vector as the bytes of a JWK file."""
    kept = {k: v for k, v in vector["jwk"].items() if private or k not in PRIVATE_MEMBERS}
    return json.dumps({**kept, **members}).encode()


def new_key(algorithm="EdDSA", *, generation=None, private=True, **dates):
    """Return the row of a key that was created and signs from NOW on, which is not stored yet."""
    key = jwk.generate(algorithm)
    public = jwk.public_jwk(key, algorithm)
    dates = {"created_at": NOW, "activates_at": NOW, **dates}
    row = SigningKey(
        kid=public["kid"], algorithm=algorithm, public_jwk=public, generation=generation, **dates
    )
    if private:
        row.seal(key)
    return row


def make_key(*args, **kwargs):
    """Store a key as it is told; it was created and signs from NOW on."""
    row = new_key(*args, **kwargs)
    row.save()
    return row


def is_private_in(text, *keys):
    """Say whether a text gives away the private half of one of the keys, in whatever form."""
    secrets = set()
    for key in keys:
        unsealed = key.unseal()
        secrets |= {v for k, v in unsealed.as_dict(private=True).items() if k in PRIVATE_MEMBERS}
        secrets |= {line for line in jwk.to_pem(unsealed).splitlines() if len(line) > 20}
    assert secrets
    return any(secret in text for secret in secrets)


@contextmanager
def on_every_connection(wrapper):
    """Put a wrapper around each query of this thread, and of those that begin in the block."""
    thread = threading.get_ident()

    def install(connection, **kwargs):
        if threading.get_ident() != thread:
            connection.execute_wrappers.append(wrapper)

    connection_created.connect(install)
    try:
        with connection.execute_wrapper(wrapper):
            yield
    finally:
        connection_created.disconnect(install)


@contextmanager
def broken_database(error=OperationalError):
    """Let every query fail."""

    def fail(execute, sql, params, many, context):
        raise error("the database is down")

    with on_every_connection(fail):
        yield


@contextmanager
def unreadable_keys():
    """Let the database itself refuse to read the keys: the statement names another table."""
    options = SigningKey._meta  # noqa: SLF001
    table = options.db_table
    options.db_table = "no_such_table"
    try:
        yield
    finally:
        options.db_table = table


class DriverError(Exception):
    """An error as a driver raises it, with the attribute by which that one says the SQLSTATE."""

    def __init__(self, **attributes):
        super().__init__("driver")
        vars(self).update(attributes)


@contextmanager
def missing_tables():
    """Be as before the first `migrate`; not within a transaction."""
    table = SigningKey._meta.db_table  # noqa: SLF001

    def rename(before, after):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")

    rename(table, "elsewhere")
    try:
        yield
    finally:
        rename("elsewhere", table)


@contextmanager
def statements():
    """Collect the SQL of this thread, and of those that begin in the block."""
    seen = []

    def record(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with on_every_connection(record):
        yield seen


@contextmanager
def overtaken(by, *, times=1):
    """Let another process come between what a writer has read and its transaction."""
    left, has_read = times, False

    def interrupt(execute, sql, params, many, context):
        nonlocal left, has_read
        # The first savepoint comes before everything that the writer reads.
        has_read = has_read or sql.startswith("SELECT")
        if left > 0 and has_read and sql.startswith("SAVEPOINT"):
            # What the other one does is not interrupted in turn.
            mine, left = left, 0
            by()
            left, has_read = mine - 1, False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(interrupt):
        yield
    assert left < times, "nobody was overtaken"
