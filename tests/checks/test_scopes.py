"""Scopes that protected views ask for: whether there is one, and whether it is offered."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from mcp_oauth_discovery.protection import bearer_required, scope_by_tool
from tests.checks.conftest import OAUTH, OURS
from tests.checks.protected import VIEWS
from tests.urls import page

SERVER = "MCP_AUTHORIZATION_SERVER_METADATA"
EVERY_VIEW = pytest.mark.parametrize("kind", VIEWS)

by_tool = scope_by_tool({"delete_file": "files:write"}, otherwise="mcp")


def by_request(operation):
    raise NotImplementedError


# A scope in the 401


@EVERY_VIEW
def test_view_without_a_scope_is_reported(views, run, kind):
    views((), "mcp", kind=kind)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W041"
    assert message.msg.startswith("ROOT_URLCONF has a view at 'views/0' that is protected without ")
    assert message.hint.startswith('Write scope="mcp", or another scope, in bearer_required() or ')


@EVERY_VIEW
def test_view_with_a_scope_is_healthy(views, ids, kind):
    views("mcp", ["a", "b"], kind=kind)
    assert ids() == []


def test_views_without_a_scope_are_reported_together(views, run):
    views((), "", "mcp")
    [message] = run()
    assert "'views/0' and 'views/1'" in message.msg


def test_missing_scope_is_no_concern_before_deployment(views, healthy_site):
    views(())
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


def test_missing_scope_does_not_depend_on_the_issuer(views, ids, settings):
    views(())
    settings.MCP_ISSUER = None
    assert ids() == ["W013", "W041"]


def test_scope_that_each_operation_decides_is_a_scope(views, ids):
    views(by_tool, by_request)
    assert ids() == []


def test_operations_that_need_no_scope_are_reported(views, ids):
    views(scope_by_tool({}))
    assert ids() == ["W041"]


@pytest.mark.parametrize(
    ("public", "expected"), [(["tools/list"], ["W041"]), (by_request, []), ((), ["W041"])]
)
def test_view_without_a_scope_may_have_public_operations(urlconf, ids, public, expected):
    urlconf(OURS, *OAUTH, path("mcp", bearer_required("/mcp", public=public)(page)))
    assert ids() == expected


# Scopes that the authorization server offers


@EVERY_VIEW
def test_scope_that_is_not_offered_is_reported(views, run, server, kind):
    server(scopes_supported=["mcp"])
    views("files:write", "mcp", kind=kind)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W042"
    assert message.msg.startswith(
        f"{SERVER}['scopes_supported'] is ['mcp']: it lacks files:write. "
    )
    assert "The protected view at 'views/0' asks for that." in message.msg
    assert message.hint.startswith("Write \"scopes_supported\": ['mcp', 'files:write'] there, or ")


def test_scopes_that_are_not_offered_are_reported_together(views, run, server):
    server(scopes_supported=["mcp"])
    views("a mcp", "b a")
    [message] = run()
    assert "it lacks a and b. The protected view at 'views/0' and 'views/1' asks" in message.msg


def test_scope_that_is_not_offered_is_reported_before_deployment(views, server):
    server(scopes_supported=["mcp"])
    views("files")
    [message] = run_checks(tags=["mcp_oauth_discovery"])
    assert message.id == "mcp_oauth_discovery.W042"


def test_scopes_that_are_offered_are_healthy(views, ids, server):
    server(scopes_supported=["mcp", "files", "offline_access"])
    views("mcp", "files mcp")
    assert ids() == []


def test_server_without_a_list_of_scopes_may_offer_any(views, ids, server):
    server(scopes_supported=None)
    views("files")
    assert ids() == []


def test_scope_that_an_offered_one_implies_is_healthy(views, ids, server, settings):
    server(scopes_supported=["admin"])
    settings.MCP_IMPLIED_SCOPES = {"admin": ["write"], "write": ["read"]}
    views("read")
    assert ids() == []


def test_scope_that_implies_an_offered_one_is_reported(views, ids, server, settings):
    server(scopes_supported=["read"])
    settings.MCP_IMPLIED_SCOPES = {"write": ["read"]}
    views("write")
    assert ids() == ["W042"]


def test_wrong_hierarchy_of_scopes_is_an_error_and_nothing_else(views, ids, server, settings):
    server(scopes_supported=["read"])
    settings.MCP_IMPLIED_SCOPES = {"write": "read"}
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["read"]}}
    views("write")
    assert ids() == ["E016"]


def test_scope_that_the_metadata_of_the_resource_has_too_is_reported_once(
    views, ids, server, settings
):
    server(scopes_supported=["mcp"])
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["files"]}}
    views("files")
    assert ids() == ["W022"]


def test_scope_of_a_resource_with_another_server_is_not_ours_to_offer(views, ids, server, settings):
    server(scopes_supported=["mcp"])
    other = {"authorization_servers": ["https://login.example.com"]}
    settings.MCP_RESOURCES = {"/mcp": {}, "/b": other, "/off": {"enabled": False}}
    views("files", name="/b")
    assert ids() == []
    views("files", name="/off")
    assert ids() == []


def test_site_that_is_no_authorization_server_offers_nothing(views, ids, server, settings):
    server(scopes_supported=["mcp"])
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    views("files")
    assert ids() == []


def test_scope_of_a_tool_that_is_not_offered_is_reported(views, run, server):
    server(scopes_supported=["mcp"])
    views(by_tool)
    [message] = run()
    assert (message.id[-4:], "it lacks files:write. " in message.msg) == ("W042", True)


def test_scope_that_only_a_request_decides_may_be_offered(views, ids, server):
    server(scopes_supported=["mcp"])
    views(by_request)
    assert ids() == []
