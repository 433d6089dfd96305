"""What a writer does when the database itself chooses another one, or cannot be used at all."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.rotation import Refused
from tests.keys import DAY, ED, NOW, VECTORS, DriverError, as_file, make_key

pytestmark = pytest.mark.django_db(transaction=True)

RESTLESS = "Other processes keep changing the keys. Try again later."


# As psycopg, psycopg2, and the drivers of MariaDB and MySQL have them.
CONFLICTS = {
    "serialization": (("could not serialize access",), {"sqlstate": "40001"}),
    "deadlock": (("deadlock detected",), {"sqlstate": "40P01"}),
    "serialization-psycopg2": (("could not serialize access",), {"pgcode": "40001"}),
    "deadlock-mariadb": ((1213, "Deadlock found when trying to get lock"), {}),
    "snapshot-mariadb": ((1020, "Record has changed since last read in table"), {}),
}
OTHERS = {
    "connection": (("connection refused",), {"sqlstate": "08006"}),
    "no-code": (("database is locked",), {}),
    "silent": ((), {}),
    "gone-mariadb": ((2006, "Server has gone away"), {}),
}

CHANGES = {
    "rotate": lambda: rotation.rotate("EdDSA", now=NOW + DAY),
    "retire": lambda: rotation.retire(active(), now=NOW + DAY),
    "revoke": lambda: rotation.revoke(active(), now=NOW + DAY),
    "prune": lambda: rotation.prune(now=NOW + DAY),
    "import": lambda: rotation.import_key(as_file(VECTORS[ED]), now=NOW + DAY),
    "reencrypt": lambda: rotation.reencrypt(now=NOW + DAY),
}
EACH_CHANGE = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
EACH_CONFLICT = pytest.mark.parametrize(
    ("change", "conflict"),
    [*[(name, "serialization") for name in CHANGES], *[("retire", name) for name in CONFLICTS]],
)
EACH_OTHER = pytest.mark.parametrize(
    ("change", "error"),
    [*[(name, "connection") for name in CHANGES], *[("retire", name) for name in OTHERS]],
)


@pytest.fixture(autouse=True)
def _store():
    rotation.rotate("EdDSA", now=NOW)
    make_key("ES256", retires_at=NOW)


def active():
    return SigningKey.objects.signing_key("EdDSA", NOW + DAY)


@contextmanager
def failing(said, codes, *, times, after=0, error=OperationalError, verbs=("INSERT", "UPDATE")):
    """Let the first writes of this thread fail as a database has it; yield how many have."""
    failed, writes = [], count(1)

    def fail(execute, sql, params, many, context):
        if sql.startswith(verbs) and len(failed) < times and next(writes) > after:
            failed.append(sql)
            raise error(*said) from DriverError(**codes)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield failed


@EACH_CONFLICT
def test_writer_that_has_to_give_way_tries_again(change, conflict):
    with failing(*CONFLICTS[conflict], times=2) as failed:
        CHANGES[change]()
    assert len(failed) == 2


@EACH_CHANGE
def test_writer_that_has_to_give_way_again_and_again_gives_up(change):
    before = list(SigningKey.objects.order_by("pk").values())
    with failing(*CONFLICTS["serialization"], times=99) as failed, pytest.raises(Refused) as caught:
        change()
    assert (str(caught.value), len(failed)) == (RESTLESS, 20)
    assert list(SigningKey.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("change", ["rotate", "retire", "revoke", "import"])
def test_change_that_fails_between_two_writes_makes_neither(change):
    before = list(SigningKey.objects.order_by("pk").values())
    failure = failing(*OTHERS["connection"], times=1, after=1)
    with failure as failed, pytest.raises(OperationalError):
        CHANGES[change]()
    assert len(failed) == 1
    assert list(SigningKey.objects.order_by("pk").values()) == before


def test_reader_that_has_to_give_way_tries_again():
    with failing(*CONFLICTS["serialization"], times=1, verbs=("SELECT",)) as failed:
        CHANGES["rotate"]()
    assert len(failed) == 1


@EACH_OTHER
def test_database_that_cannot_be_used_is_not_asked_again(change, error):
    with failing(*OTHERS[error], times=99) as failed, pytest.raises(OperationalError):
        CHANGES[change]()
    assert len(failed) == 1


@pytest.mark.parametrize("error", [InterfaceError, IntegrityError], ids=lambda e: e.__name__)
def test_writer_goes_by_what_the_database_says_and_not_by_the_class(error):
    with failing(*CONFLICTS["deadlock"], times=1, error=error) as failed:
        CHANGES["rotate"]()
    assert len(failed) == 1


@EACH_CHANGE
def test_conflict_in_a_transaction_of_the_caller_is_the_callers(change):
    with (
        failing(*CONFLICTS["serialization"], times=99) as failed,
        pytest.raises(OperationalError),
        transaction.atomic(),
    ):
        change()
    assert len(failed) == 1


@pytest.mark.parametrize("command", ["retire", "revoke"])
@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["real", "dry-run"])
def test_command_that_has_to_give_way_says_so(command, options):
    kid = active().kid
    with (
        failing(*CONFLICTS["deadlock"], times=99),
        pytest.raises(CommandError, match=f"^{RESTLESS}$"),
    ):
        call_command("mcp_keys", command, kid, *options)


def test_dry_run_on_a_database_that_cannot_be_used_says_so():
    kid = active().kid
    with (
        failing(*OTHERS["connection"], times=99),
        pytest.raises(CommandError, match=r"^The key store cannot be used: connection refused\."),
    ):
        call_command("mcp_keys", "retire", kid, "--dry-run")
