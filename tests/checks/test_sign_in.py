"""What MCP 2026-07-28 asks of an authorization server: `iss`, and client ID metadata documents."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page

SETTING = "MCP_AUTHORIZATION_SERVER_METADATA"
ISS = "authorization_response_iss_parameter_supported"
DOCUMENTS = "client_id_metadata_document_supported"
EACH = pytest.mark.parametrize(("member", "number"), [(ISS, "W044"), (DOCUMENTS, "W045")])
NOT_SUPPORTED = pytest.mark.parametrize("value", [None, False])


@NOT_SUPPORTED
def test_iss_that_is_not_announced_is_reported_with_its_condition(server, run, value):
    server(**{ISS: value})
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W044"
    assert message.msg.startswith(f"{SETTING} does not have {ISS}. ")
    condition, _, advice = message.hint.partition(" Then write ")
    assert condition.startswith("First make sure that each answer of the authorization endpoint ")
    assert "with an error, also when the user denies" in condition
    assert "ConsentView from mcp_oauth_discovery.contrib.oauth_toolkit" in condition
    assert advice.startswith(f'"{ISS}": True.')


@NOT_SUPPORTED
def test_dynamic_registration_alone_is_reported(server, run, value):
    server(**{DOCUMENTS: value})
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W045"
    assert message.msg.startswith(f"{SETTING} has a registration_endpoint, and no {DOCUMENTS}. ")
    assert f'"{DOCUMENTS}": True' in message.hint


def test_registration_by_documents_alone_is_healthy(server, ids):
    server(registration_endpoint=None)
    assert ids() == []


def test_server_without_registration_is_reported_for_that_alone(server, ids):
    server(**{DOCUMENTS: None, "registration_endpoint": None})
    assert ids() == ["W018"]


@EACH
def test_missing_member_is_no_concern_before_deployment(server, member, number):
    server(**{member: None})
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


@EACH
def test_server_without_sign_in_needs_no_member(server, ids, member, number):
    server(**{member: None, "grant_types_supported": ["client_credentials"]})
    assert ids() == []


@EACH
def test_site_that_is_no_authorization_server_needs_no_member(
    server, settings, ids, member, number
):
    server(**{member: None})
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    assert ids() == []


@pytest.fixture
def defaults(settings, healthy_site):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}


def test_default_endpoints_without_a_route_are_reported_for_that_alone(defaults, ids):
    assert ids() == ["W017"]


@pytest.mark.parametrize(
    ("routed", "expected"),
    [("authorize", ["W017", "W044"]), ("register", ["W017", "W045"]), ("token", ["W017"])],
)
def test_default_endpoint_with_a_route_is_served(defaults, urlconf, ids, routed, expected):
    urlconf(OURS, MCP, path(f"oauth/mcp/{routed}", page))
    assert ids() == expected


@EACH
@pytest.mark.parametrize("origin", ["https://login.example.com", ""])
def test_endpoint_in_the_settings_is_served_without_a_route(server, ids, member, number, origin):
    endpoints = {"authorization_endpoint": "/a", "registration_endpoint": "/r"}
    server(**{member: None}, **{name: origin + at for name, at in endpoints.items()})
    assert [one for one in ids() if one != "W017"] == [number]


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [(None, ["W013"]), (lambda request: 1 / 0, ["W044"]), ("https://id.example.com", ["W044"])],
)
def test_iss_can_be_announced_only_for_an_issuer_that_is_set(
    server, settings, ids, issuer, expected
):
    server(**{ISS: None})
    settings.MCP_ISSUER = issuer
    assert ids() == expected


@EACH
def test_document_of_the_project_itself_is_left_alone(server, urlconf, ids, member, number):
    server(**{member: None})
    urlconf(path(".well-known/oauth-authorization-server", page), OURS, *OAUTH, MCP)
    assert number not in ids()
