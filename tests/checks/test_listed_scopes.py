"""Scopes in the metadata of a resource that no view of the resource asks for."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from mcp_oauth_discovery.protection import scope_by_tool
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.checks.protected import VIEWS

EVERY_VIEW = pytest.mark.parametrize("kind", VIEWS)


def by_request(operation):
    raise NotImplementedError


def listing(settings, *scopes):
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": list(scopes)}}


@EVERY_VIEW
def test_listed_scope_that_no_view_asks_for_is_reported(views, run, settings, kind):
    listing(settings, "mcp", "files")
    views("mcp", kind=kind)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W043"
    assert message.msg.startswith(
        "MCP_RESOURCES['/mcp']['scopes_supported'] is ['mcp', 'files']: "
        "no protected view of '/mcp' asks for files. "
    )
    assert message.hint.startswith("Write ['mcp'], or ")
    assert "If a view checks files in its own code, silence this check." in message.hint


def test_listed_scope_is_no_concern_before_deployment(views, healthy_site, settings):
    listing(settings, "mcp", "files")
    views("mcp")
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


def test_listed_scopes_that_the_views_ask_for_together_are_healthy(views, ids, settings):
    listing(settings, "mcp", "files")
    views("mcp", "files", ())
    assert "W043" not in ids()


def test_list_that_several_resources_share_is_reported_once(urlconf, run, settings):
    settings.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp", "files"]}
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}, "/c": {}}
    scopes = {"/a": "mcp", "/b": "mcp", "/c": "files mcp"}
    views = [path(name[1:], VIEWS["function"](name, scope)) for name, scope in scopes.items()]
    urlconf(OURS, *OAUTH, *views)
    [message] = run()
    assert message.msg.startswith("MCP_RESOURCE_METADATA['scopes_supported'] is ['mcp', 'files']: ")
    assert "no protected view of '/a' and '/b' asks for files" in message.msg


@pytest.mark.parametrize("scopes", [[()], []])
def test_list_of_a_resource_whose_views_ask_for_nothing_is_left_alone(views, ids, settings, scopes):
    listing(settings, "mcp")
    views(*scopes)
    assert "W043" not in ids()


def test_list_of_a_disabled_resource_is_left_alone(views, ids, settings):
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["files"], "enabled": False}, "/b": {}}
    views("mcp")
    assert ids() == []


def test_scope_that_is_not_of_the_resource_is_reported_once(views, ids, settings):
    listing(settings, "mcp", "openid")
    views("mcp")
    assert ids() == ["W021"]


@pytest.mark.parametrize(
    ("supported", "asked", "expected"),
    [
        # A client gets the wide scope, and the view accepts it.
        (["write"], "read", []),
        # The list has what the view asks for, so the wide scope is too much.
        (["write", "read"], "read", ["W043"]),
        # A token with this scope alone is refused.
        (["write", "read"], "write", ["W043"]),
        (["other"], "read", ["W043"]),
    ],
)
def test_listed_scope_may_imply_one_that_is_not_listed(
    views, ids, settings, supported, asked, expected
):
    settings.MCP_IMPLIED_SCOPES = {"write": ["read"]}
    listing(settings, *supported)
    views(asked)
    assert ids() == expected


def test_view_whose_resource_is_unknown_may_ask_for_the_listed_scope(urlconf, ids, settings):
    listing(settings, "mcp", "files")
    urlconf(
        *(OURS, *OAUTH, path("mcp", VIEWS["function"]("/mcp", "mcp"))),
        path("<str:tenant>/mcp", VIEWS["function"](None, "files")),
    )
    assert ids() == []
    urlconf(OURS, *OAUTH, MCP, path("<str:tenant>/mcp", VIEWS["function"](None, "x")))
    assert ids() == []


def test_list_on_a_site_whose_server_is_elsewhere_is_reported_too(views, ids, settings):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    listing(settings, "mcp", "files")
    views("mcp")
    assert ids() == ["W043"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (scope_by_tool({"delete": "files"}, otherwise="mcp"), []),
        (scope_by_tool({"delete": "admin"}, otherwise="mcp"), ["W043"]),
        (by_request, []),
    ],
)
def test_listed_scope_of_a_tool(views, ids, settings, scope, expected):
    listing(settings, "mcp", "files")
    views(scope, "mcp")
    assert ids() == expected
