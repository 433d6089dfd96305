"""The key store of the first release is still read, signed with and published after an upgrade.

`releases/0.1.0.json` has rows as that release wrote them. No later release may change this file.
"""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.dateparse import parse_datetime

from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation import Refused, import_key, rotate
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt
from tests.markdown import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)

APP = "mcp_oauth_discovery"
FIRST = [(APP, "0001_signing_keys")]
RELEASE = json.loads((CHECKOUT / "tests" / "releases" / "0.1.0.json").read_text(encoding="utf-8"))
NOW = parse_datetime(RELEASE["now"])
RESOURCE = "https://app.example.com/mcp"


def migrate(targets):
    """Migrate to the targets, and return the models as they are there."""
    executor = MigrationExecutor(connection)
    return executor.migrate(targets).apps


def newest():
    return [
        node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == APP
    ]


@pytest.fixture(autouse=True)
def upgraded(settings):
    """Store the rows of the first release with its migrations, and upgrade."""
    settings.SECRET_KEY = RELEASE["secret_key"]
    settings.MCP_ISSUER = "https://app.example.com"
    try:
        models = migrate(FIRST)
        for name, rows in RELEASE["rows"].items():
            for row in rows:
                models.get_model(APP, name).objects.create(**row)
    finally:
        # The other tests of this process need the newest tables.
        migrate(newest())


def test_key_set_is_that_of_the_release():
    keys = SigningKey.objects.published(NOW)
    assert {key.kid: key.public_jwk for key in keys} == RELEASE["published"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_private_key_of_the_release_signs(algorithm):
    claims = {"aud": RESOURCE, "exp": int(NOW.timestamp()) + 60}
    token = sign_jwt(claims, algorithm=algorithm, now=NOW)
    assert verify_jwt(token, audience=RESOURCE, now=NOW)["iss"] == "https://app.example.com"


def test_rotation_continues_the_succession_of_the_release():
    active = SigningKey.objects.signing_key("EdDSA", now=NOW)
    assert rotate("EdDSA", now=NOW).generation == active.generation + 1


def test_kid_that_the_release_deleted_is_never_used_again():
    with pytest.raises(Refused, match="a kid is never used again"):
        import_key(json.dumps(RELEASE["deleted"]), public_only=True, now=NOW)


def test_every_migration_can_be_undone():
    kids = set(SigningKey.objects.values_list("kid", flat=True))
    models = migrate(FIRST)
    try:
        rows = models.get_model(APP, "SigningKey").objects.values_list("kid", flat=True)
        assert set(rows) == kids
    finally:
        migrate(newest())
