"""Tenants in databases and in schemas of their own: the keys of one are never those of another."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command
from django.db import OperationalError, connections
from joserfc import jws

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery import documents
from mcp_oauth_discovery.signing import InvalidToken, sign_jwt, verify_jwt
from mcp_oauth_discovery.signing.published import published_keys
from tests import JWKS, ORIGIN
from tests.keys import broken_database
from tests.published.copies import silence

AUDIENCE = f"{ORIGIN}/mcp"
CLAIMS = {"aud": AUDIENCE, "exp": 2**40}

tenant = threading.local()


class Router:
    """The database of the tenant, which a middleware knows by the host."""

    def db_for_read(self, model, **hints):
        return tenant.alias

    db_for_write = db_for_read


def add_database(alias, **options):
    connections.settings[alias] = {**connections.settings["default"], **options}


def drop_database(alias):
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


@pytest.fixture(autouse=True)
def pinned(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


@pytest.fixture
def unblocked(django_db_setup, django_db_blocker):
    """Let the test use databases that are not in the settings: it has no transaction."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def databases(unblocked, settings, tmp_path):
    """Two tenants, each with a database and a key; `switch` enters one of them."""
    for name in ("a", "b"):
        engine = "django.db.backends.sqlite3"
        add_database(name, ENGINE=engine, NAME=str(tmp_path / f"{name}.sqlite3"))
        call_command("migrate", "mcp_oauth_discovery", database=name, verbosity=0)
    settings.DATABASE_ROUTERS = ["tests.published.test_stores.Router"]

    def switch(name):
        tenant.alias = name

    yield switch
    for name in ("a", "b"):
        drop_database(name)


def stores_of_one_alias(settings, switch):
    """Make the tables of both tenants, and yield the function that enters one of them."""
    for name in ("a", "b"):
        switch(name)
        call_command("migrate", "mcp_oauth_discovery", database="tenants", verbosity=0)
    settings.DATABASE_ROUTERS = ["tests.published.test_stores.Router"]
    yield switch
    drop_database("tenants")


@pytest.fixture
def schemas(unblocked, settings, tmp_path):
    """The same with one database that has two schemas."""
    tenant.alias = "tenants"
    add_database("tenants", ENGINE="tests.published.schemas", NAME=str(tmp_path))
    switch = connections["tenants"].set_schema
    yield from stores_of_one_alias(settings, switch)


@pytest.fixture
def names(unblocked, settings, tmp_path):
    """The same with one alias, whose connection is given the database of the tenant."""
    tenant.alias = "tenants"
    add_database("tenants", ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "none"))

    def enter(name):
        connections["tenants"].close()
        connections["tenants"].settings_dict["NAME"] = str(tmp_path / f"{name}.sqlite3")

    yield from stores_of_one_alias(settings, enter)


@pytest.fixture
def servers(unblocked, settings, tmp_path):
    """The same with one alias and one name, whose connection is given the server of the tenant."""
    yield from placed(settings, tmp_path, lambda name: {"HOST": name})


@pytest.fixture
def search_paths(unblocked, settings, tmp_path):
    """The same with the options of the tenant."""
    yield from placed(settings, tmp_path, lambda name: {"OPTIONS": {"search_path": name}})


def placed(settings, directory, place):
    tenant.alias = "tenants"
    add_database("tenants", ENGINE="tests.published.schemas", NAME=str(directory))

    def enter(name):
        connections["tenants"].close()
        connections["tenants"].settings_dict.update(place(name))

    for name in ("a", "b"):
        enter(name)
        call_command("migrate", "mcp_oauth_discovery", database="tenants", verbosity=0)
    settings.DATABASE_ROUTERS = ["tests.published.test_stores.Router"]
    yield enter
    drop_database("tenants")


@pytest.fixture(params=["databases", "schemas", "names", "servers", "search_paths"])
def tenants(request):
    """Two tenants with a key each: `enter` makes one of them that of this thread."""
    return Tenants(request.getfixturevalue(request.param))


class Tenants:
    def __init__(self, enter):
        self.enter = enter
        self.kids = {}
        for name in ("a", "b"):
            enter(name)
            self.kids[name] = rotation.rotate("EdDSA").kid


def test_each_tenant_has_keys_of_its_own(tenants, fetch):
    for name in ("a", "b", "a"):
        tenants.enter(name)
        assert [key["kid"] for key in fetch(JWKS).json()["keys"]] == [tenants.kids[name]]


def test_token_of_one_tenant_is_not_verified_by_the_key_of_another(tenants):
    tenants.enter("a")
    token = sign_jwt(CLAIMS)
    assert verify_jwt(token, audience=AUDIENCE)["aud"] == AUDIENCE
    tenants.enter("b")
    with pytest.raises(InvalidToken, match="unknown key"):
        verify_jwt(token, audience=AUDIENCE)


def test_metadata_is_signed_by_the_key_of_its_tenant(tenants, settings, site):
    settings.MCP_SIGNED_METADATA = True
    for name in ("a", "b"):
        tenants.enter(name)
        token = documents.authorization_server_metadata(site)["signed_metadata"]
        assert jws.extract_compact(token.encode()).headers()["kid"] == tenants.kids[name]


def test_tenant_whose_database_is_down_refuses_no_other_tenant(tenants):
    tenants.enter("a")
    with broken_database(), pytest.raises(OperationalError):
        published_keys.at()
    tenants.enter("b")
    assert [key.kid for key in published_keys.at()] == [tenants.kids["b"]]


def test_tenant_whose_database_hangs_holds_up_no_other_tenant(tenants):
    with silence() as silent:
        tenants.enter("a")
        with pytest.raises(OperationalError):
            published_keys.at(patience=0.1)
        tenants.enter("b")
        with silent.awake():
            assert [key.kid for key in published_keys.at()] == [tenants.kids["b"]]
