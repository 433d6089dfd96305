"""What the validator accepts is in the document octet by octet, as clients get it."""

from __future__ import annotations

import json

from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from mcp_oauth_discovery.standards.members import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from tests import ASM, ORIGIN, PRM
from tests.properties.members import members_of
from tests.properties.serving import by_wsgi
from tests.properties.strategies import ISSUERS, OWN_PATHS, RESOURCES


def octets(value):
    """Return a value as it must be in a body: JSON with nothing escaped that needs no escape."""
    return json.dumps(value, ensure_ascii=False).encode()


def as_json(value):
    """Return what a client reads for a value: tuples become arrays."""
    return json.loads(json.dumps(value))


@given(issuer=ISSUERS, resource=RESOURCES)
def test_identifiers_are_published_octet_by_octet(db, issuer, resource):
    with override_settings(MCP_ISSUER=issuer, MCP_RESOURCE=resource):
        described, server = by_wsgi(ORIGIN + PRM), by_wsgi(ORIGIN + ASM)
    assert b'"resource": ' + octets(resource) in described.body
    assert b'"authorization_servers": ' + octets([issuer]) in described.body
    assert b'"issuer": ' + octets(issuer) in server.body


@given(issuers=st.lists(ISSUERS, min_size=1, max_size=4), resource=RESOURCES)
def test_issuers_elsewhere_are_published_octet_by_octet(db, issuers, resource):
    with override_settings(
        MCP_ISSUER=ORIGIN, MCP_RESOURCE=resource, MCP_AUTHORIZATION_SERVERS=issuers
    ):
        served = by_wsgi(ORIGIN + PRM)
    assert b'"authorization_servers": ' + octets(issuers) in served.body


@given(issuer=ISSUERS, path=OWN_PATHS.filter(lambda path: path[1:2] not in ("", "/")))
def test_path_of_a_resource_is_published_below_the_origin_of_the_issuer(db, issuer, path):
    scheme, _, rest = issuer.partition("://")
    with override_settings(MCP_ISSUER=issuer, MCP_RESOURCES={path: {}}):
        served = by_wsgi(ORIGIN + PRM)
    resource = f"{scheme}://{rest.partition('/')[0]}{path}"
    assert b'"resource": ' + octets(resource) in served.body


@given(members=members_of(PROTECTED_RESOURCE))
def test_members_of_a_resource_are_published_as_they_are_set(db, members):
    with override_settings(MCP_ISSUER=ORIGIN, MCP_RESOURCES={"/mcp": members}):
        served = by_wsgi(ORIGIN + PRM)
    assert served.status == 200
    for name, value in members.items():
        assert octets(name) + b": " + octets(value) in served.body
    assert {name: served.members[name] for name in members} == as_json(members)


@given(members=members_of(AUTHORIZATION_SERVER))
def test_members_of_the_server_are_published_as_they_are_set(db, members):
    with override_settings(MCP_ISSUER=ORIGIN, MCP_AUTHORIZATION_SERVER_METADATA=members):
        served = by_wsgi(ORIGIN + ASM)
    assert served.status == 200
    for name, value in members.items():
        assert octets(name) + b": " + octets(value) in served.body
