"""A fault in the transaction of a caller: what the caller commits is stored, or the commit fails.

The database itself refuses each query of a call in turn. After an error, PostgreSQL turns a commit
into a rollback without another error. So a caller that catches the first one needs a savepoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.contrib.oauth_toolkit import verify_token
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.protection import BearerProtection, find_user
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt
from tests import ORIGIN
from tests.keys import DAY, ED, VECTORS, as_file

pytestmark = pytest.mark.django_db(transaction=True)

RESOURCE = f"{ORIGIN}/mcp"
LOSE = {
    "postgresql": "SELECT pg_terminate_backend(pg_backend_pid())",
    "mysql": "KILL CONNECTION_ID()",
}


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    rotation.rotate("EdDSA", now=timezone.now() - DAY)


def sign():
    exp = timezone.now() + timedelta(hours=1)
    return sign_jwt({"sub": "7", "aud": RESOURCE, "exp": exp.timestamp()})


def issue():
    """Return a token that the authorization server has a row of."""
    token, expires = sign(), timezone.now() + DAY
    AccessToken.objects.create(token=token, expires=expires, scope="mcp")
    return token


def kid():
    return SigningKey.objects.get().kid


def unneeded():
    """Store a key that `prune` deletes, and return the arguments for that."""
    rotation.rotate("EdDSA")
    rotation.revoke(kid_of_generation(1))
    return {"now": timezone.now() + 800 * DAY}


def kid_of_generation(number):
    return SigningKey.objects.get(generation=number).kid


# What is prepared, and the call that gets it.
CALLS = {
    "sign_jwt": (lambda: None, lambda given: sign()),
    "rotate": (lambda: None, lambda given: rotation.rotate("EdDSA")),
    "import_key": (lambda: as_file(VECTORS[ED]), rotation.import_key),
    "import_key, public": (
        lambda: as_file(VECTORS[ED], private=False),
        lambda given: rotation.import_key(given, public_only=True),
    ),
    "retire": (kid, rotation.retire),
    "revoke": (kid, rotation.revoke),
    "prune": (unneeded, lambda given: rotation.prune(**given)),
    "reencrypt": (lambda: None, lambda given: rotation.reencrypt()),
    "verify_token": (issue, lambda given: verify_token(None, given, RESOURCE)),
    "find_user": (lambda: None, lambda given: find_user(None, {"sub": "1"})),
}


@contextmanager
def refusing(number, fault="SELECT 1 FROM no_such_table") -> Iterator[list[str]]:
    """Have the database refuse a query of the block, counted from 0; yield the queries."""
    queries = []

    def replace(execute, sql, params, many, context):
        if sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            return execute(sql, params, many, context)
        queries.append(sql)
        if len(queries) - 1 == number:
            return execute(fault, None, False, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(replace):
        yield queries


def count(call, given):
    """Return how many queries a call takes, and undo it."""
    with transaction.atomic(), refusing(None) as queries:
        call(given)
        transaction.set_rollback(True)
    return len(queries)


def rows():
    return list(SigningKey.objects.order_by("pk").values())


@pytest.mark.parametrize("name", CALLS)
def test_caller_that_catches_the_error_commits_its_own_changes(name):
    prepare, call = CALLS[name]
    given = prepare()
    queries = count(call, given)
    before = rows()
    for number in range(queries):
        with transaction.atomic():
            Group.objects.create(name=f"before {number}")
            with refusing(number), pytest.raises(DatabaseError):
                call(given)
            Group.objects.create(name=f"after {number}")
        # All of the call is undone, and nothing else.
        assert rows() == before
    stored = set(Group.objects.values_list("name", flat=True))
    assert queries
    assert stored == {
        f"{when} {number}" for number in range(queries) for when in ("before", "after")
    }


@contextmanager
def without_autocommit():
    transaction.set_autocommit(False)
    try:
        yield
        transaction.commit()
    finally:
        # A connection that is lost is made again, with autocommit.
        if connection.is_usable():
            transaction.rollback()
            transaction.set_autocommit(True)


@contextmanager
def nested():
    with transaction.atomic(), transaction.atomic(savepoint=False):
        yield


@pytest.mark.parametrize("name", ["sign_jwt", "rotate"])
@pytest.mark.parametrize(
    "begin", [lambda: transaction.atomic(durable=True), nested, without_autocommit]
)
def test_every_kind_of_transaction_stays_usable(name, begin):
    prepare, call = CALLS[name]
    given, before = prepare(), rows()
    with begin():
        Group.objects.create(name="before")
        with refusing(0), pytest.raises(DatabaseError):
            call(given)
        Group.objects.create(name="after")
    assert rows() == before
    assert Group.objects.count() == 2


@pytest.mark.parametrize("name", ["sign_jwt", "rotate"])
def test_error_that_is_not_caught_rolls_everything_back(name):
    prepare, call = CALLS[name]
    given, before = prepare(), rows()

    @transaction.atomic
    def change():
        Group.objects.create(name="before")
        call(given)

    with refusing(1), pytest.raises(DatabaseError):
        change()
    assert (rows(), Group.objects.count()) == (before, 0)


class Hidden(Exception):
    """What a project raises in place of the error of the database."""


def hide():
    try:
        connection.cursor().execute("SELECT 1 FROM no_such_table")
    except DatabaseError as error:
        raise Hidden from error


def store_and_raise():
    Group.objects.create(name="inside")
    raise Hidden


def test_exception_that_hides_a_database_error_is_raised_as_it_is():
    with transaction.atomic():
        Group.objects.create(name="before")
        with pytest.raises(Hidden), undisturbed(connection):
            hide()
        Group.objects.create(name="after")
    assert set(Group.objects.values_list("name", flat=True)) == {"before", "after"}


def test_exception_stays_as_it_is_if_its_savepoint_cannot_be_kept():
    refused = []

    def refuse(execute, sql, params, many, context):
        if sql.startswith("RELEASE") and not refused:
            refused.append(sql)
            raise DatabaseError
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(refuse):
        Group.objects.create(name="before")
        with pytest.raises(Hidden), undisturbed(connection):
            store_and_raise()
        Group.objects.create(name="after")
    assert set(Group.objects.values_list("name", flat=True)) == {"before", "after"}


def test_protection_in_a_transaction_answers_500_and_leaves_it_usable(rf):
    protection = BearerProtection(RESOURCE, verify=verify_token, user=find_user)
    request = rf.post("/mcp", headers={"authorization": f"Bearer {issue()}"})
    with transaction.atomic():
        Group.objects.create(name="before")
        with refusing(0):
            assert protection(request).status_code == 500
        Group.objects.create(name="after")
    assert Group.objects.count() == 2


def test_rotation_that_the_caller_rolls_back_leaves_no_key():
    before = rows()
    with transaction.atomic():
        rotation.rotate("EdDSA")
        transaction.set_rollback(True)
    assert rows() == before
    assert verify_jwt(sign(), audience=RESOURCE)["sub"] == "7"


def end_transaction():
    """End the transaction behind the back of Django, as a lost connection does."""
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")
    raise OperationalError


def test_commit_is_tried_if_the_connection_is_lost(monkeypatch):
    """The database refuses that commit. Without it, Django would roll back and raise nothing."""
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with transaction.atomic():
        with pytest.raises(OperationalError), undisturbed(connection):
            end_transaction()
        assert not connection.needs_rollback


@pytest.mark.parametrize("begin", [transaction.atomic, nested, without_autocommit])
@pytest.mark.parametrize("name", ["sign_jwt", "rotate"])
def test_commit_on_a_connection_that_is_lost_is_an_error(name, begin):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that a server can end.")
    prepare, call = CALLS[name]
    given, before = prepare(), rows()

    def change():
        with begin():
            Group.objects.create(name="lost")
            with refusing(0, LOSE[connection.vendor]), pytest.raises(DatabaseError):
                call(given)

    with pytest.raises(DatabaseError):
        change()
    connection.close()
    assert (rows(), Group.objects.count()) == (before, 0)
    assert call(given)
