"""A site that reads from a replica, which is behind: what decides a change is not read there."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import FormerKey, SigningKey
from mcp_oauth_discovery.rotation import Refused, consequences
from mcp_oauth_discovery.rotation.schedule import is_known, standing
from tests.keys import DAY, ED, HOUR, NOW, VECTORS, as_file, overtaken

REPLICA = "replica"

pytestmark = pytest.mark.django_db(databases=["default", REPLICA])


class ToTheReplica:
    """A router as sites with a primary and a replica have it."""

    def db_for_read(self, model, **hints):
        return REPLICA

    def db_for_write(self, model, **hints):
        return "default"


@pytest.fixture(scope="module", autouse=True)
def _databases(django_db_setup, django_db_blocker, tmp_path_factory):
    """A second database that has the tables, and learns of no key that is made in a test."""
    file = tmp_path_factory.mktemp("replica") / "db.sqlite3"
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    with django_db_blocker.unblock():
        connections.databases[REPLICA] = {**connections.databases["default"], **engine}
        call_command("migrate", "mcp_oauth_discovery", database=REPLICA, verbosity=0)
        yield
        connections[REPLICA].close()
        del connections[REPLICA], connections.databases[REPLICA]


@pytest.fixture(autouse=True)
def _router(settings):
    settings.DATABASE_ROUTERS = [ToTheReplica()]


def keys():
    return SigningKey.objects.using("default")


def rotate(now=NOW):
    return rotation.rotate("EdDSA", now=now)


def test_replica_is_read_and_is_behind():
    rotate()
    assert (SigningKey.objects.count(), keys().count()) == (0, 1)


def test_rotation_follows_the_key_that_the_replica_has_not():
    first, second = rotate(), rotate()
    assert [key.generation for key in (first, second)] == [1, 2]
    assert rotate() == second


def test_two_first_rotations_make_one_key():
    with overtaken(rotate):
        key = rotate()
    assert keys().get() == key


@pytest.mark.parametrize("change", [rotation.retire, rotation.revoke])
@pytest.mark.parametrize("has_pending", [True, False], ids=["pending", "alone"])
def test_key_that_the_replica_has_not_is_followed_at_once(change, has_pending):
    first = rotate()
    second = rotate() if has_pending else None
    change(first.kid, now=NOW + HOUR)
    active = standing("EdDSA", NOW + HOUR).active
    assert active == second if has_pending else active not in (None, first)
    assert keys().count() == 2


def test_revoked_pending_key_gives_its_predecessor_its_time_back():
    first, second = rotate(), rotate()
    rotation.revoke(second, now=NOW + HOUR)
    assert keys().get(pk=first.pk).retires_at is None


def test_revoking_twice_is_refused():
    key = rotation.revoke(rotate(), now=NOW)
    with pytest.raises(Refused, match="was revoked at"):
        rotation.revoke(key, now=NOW)


def test_kid_that_the_replica_has_not_is_refused():
    rotation.import_key(as_file(VECTORS[ED]), now=NOW)
    with pytest.raises(Refused, match="was in the key store before"):
        rotation.import_key(as_file(VECTORS[ED]), now=NOW)


def test_kid_of_a_deleted_key_that_the_replica_has_not_is_known():
    FormerKey.objects.create(kid="gone", deleted_at=NOW)
    assert is_known("gone")


def test_private_half_that_the_replica_has_not_is_erased():
    first = rotate()
    rotate()
    assert rotation.prune(now=NOW + DAY).erased == [first.kid]


def test_key_that_the_replica_has_not_is_deleted():
    first = rotate()
    rotate()
    rotate(NOW + DAY)
    assert rotation.prune(now=NOW + 400 * DAY).deleted == [first.kid]


def test_private_half_that_the_replica_has_not_is_encrypted_anew():
    key = rotate()
    assert rotation.reencrypt() == [key.kid]
    assert keys().get().private_key != key.private_key


def test_command_tells_what_the_replica_has_not():
    key = rotation.rotate("EdDSA")
    stdout = StringIO()
    call_command("mcp_keys", "list", stdout=stdout)
    call_command("mcp_keys", "retire", key.kid, stdout=stdout)
    assert f"signed by {standing('EdDSA', key.created_at).active.kid}" not in stdout.getvalue()
    assert stdout.getvalue().count(key.kid[:8]) == 2


def test_page_tells_what_the_replica_has_not():
    rotation.rotate("EdDSA")
    ((_, _, said, _),) = consequences.rotation_context(["EdDSA"])["changed"]
    assert said[0].startswith("A new key is published immediately")
