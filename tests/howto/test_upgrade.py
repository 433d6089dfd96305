"""What docs/howto/upgrade.md promises: a release works with the schema of the next one."""

from __future__ import annotations

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt
from tests import ORIGIN

TAKES_AWAY = (
    migrations.DeleteModel,
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def breaks_the_release_before(operation: object) -> bool:
    """Return whether code that does not know this operation fails after it."""
    if isinstance(operation, migrations.AddField):
        field = operation.field
        return not (field.null or field.db_default is not models.NOT_PROVIDED)
    return isinstance(operation, TAKES_AWAY)


def test_migrations_keep_the_release_before_working():
    loader = MigrationLoader(None)
    own = [each for key, each in loader.disk_migrations.items() if key[0] == "mcp_oauth_discovery"]
    later = [operation for each in own if not each.initial for operation in each.operations]
    assert own
    assert [operation for operation in later if breaks_the_release_before(operation)] == []


@pytest.mark.parametrize(
    ("operation", "breaks"),
    [
        (migrations.AddField("signingkey", "note", models.TextField(default="")), True),
        (migrations.AddField("signingkey", "note", models.TextField(null=True)), False),
        (migrations.AddField("signingkey", "note", models.TextField(db_default="")), False),
        (migrations.RemoveField("signingkey", "created_at"), True),
    ],
    ids=["default-in-code", "nullable", "default-in-database", "removed"],
)
def test_operation_that_breaks_the_release_before_is_found(operation, breaks):
    assert breaks_the_release_before(operation) is breaks


@pytest.fixture
def newer_schema(transactional_db):
    """Add a nullable column and one with a default, which the code here does not know."""
    table = SigningKey._meta.db_table  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN note varchar(9) NULL")
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN level integer NOT NULL DEFAULT 1")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP COLUMN note")
        cursor.execute(f"ALTER TABLE {table} DROP COLUMN level")


def test_keys_are_made_and_used_with_the_schema_of_a_newer_release(settings, newer_schema):
    settings.MCP_ISSUER = ORIGIN
    rotation.rotate("RS256")
    token = sign_jwt({"sub": "7", "aud": f"{ORIGIN}/mcp", "exp": 2**33})
    assert verify_jwt(token, audience=f"{ORIGIN}/mcp")["sub"] == "7"
    assert rotation.rotate("RS256").state().value == "pending"
