"""What the checks know about a protected view without a request: its scopes and its resource."""

from __future__ import annotations

import pytest
from django.urls import path

from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication
from mcp_oauth_discovery.protection import BearerProtection, scope_by_tool
from tests.checks.conftest import OAUTH, OURS
from tests.checks.protected import VIEWS, api

HOST = "https://app.example.com"

# The scope of a view of Django REST framework


def tools(**members):
    """Return a view of Django REST framework whose protection asks for no scope."""
    return type("Tools", (api("/mcp", ()),), members)


REQUIRED = {
    "class": lambda scope: tools(required_scope=scope).as_view(),
    "argument of as_view": lambda scope: tools(required_scope=None).as_view(required_scope=scope),
}


@pytest.mark.parametrize("kind", REQUIRED)
@pytest.mark.parametrize(("scope", "expected"), [("mcp", []), ((), ["W041"]), ("", ["W041"])])
def test_scope_that_a_view_of_rest_framework_requires_counts(urlconf, ids, kind, scope, expected):
    urlconf(OURS, *OAUTH, path("mcp", REQUIRED[kind](scope)))
    assert ids() == expected


@pytest.mark.parametrize("kind", REQUIRED)
def test_scope_that_a_view_of_rest_framework_requires_is_compared(urlconf, run, server, kind):
    server(scopes_supported=["mcp"])
    urlconf(OURS, *OAUTH, path("mcp", REQUIRED[kind]("files")))
    [message] = run()
    assert (message.id[-4:], "it lacks files. " in message.msg) == ("W042", True)


@pytest.mark.parametrize("kind", REQUIRED)
def test_scopes_of_tools_that_a_view_of_rest_framework_requires_count(urlconf, run, server, kind):
    server(scopes_supported=["mcp"])
    scope = scope_by_tool({"delete_file": "files"}, otherwise="mcp")
    urlconf(OURS, *OAUTH, path("mcp", REQUIRED[kind](scope)))
    [message] = run()
    assert (message.id[-4:], "it lacks files. " in message.msg) == ("W042", True)


def chosen_by_the_request(self, *args):
    raise NotImplementedError


class Choosing(BearerAuthentication):
    protection = BearerProtection("/mcp")
    needed_scope = chosen_by_the_request


class Bare:
    """An authentication class of a project, without the mixin."""

    protection = BearerProtection("/mcp")
    authenticate_header = chosen_by_the_request


@pytest.mark.parametrize(
    "members",
    [
        {"required_scope": property(chosen_by_the_request)},
        {"required_scope": chosen_by_the_request},
        {"authentication_classes": [Choosing]},
        {"authentication_classes": [Bare]},
    ],
)
def test_scope_that_only_a_request_decides_is_left_alone(urlconf, ids, server, settings, members):
    server(scopes_supported=["mcp", "files"])
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp", "files"]}}
    urlconf(
        OURS, *OAUTH, path("mcp", tools(**members).as_view()), path("x", VIEWS["mixin"]("/mcp"))
    )
    assert ids() == []


# The resource of a view


@pytest.mark.parametrize(
    ("changes", "name", "is_known"),
    [
        ({}, f"{HOST}/mcp", True),
        ({}, "/nope", False),
        ({"MCP_ISSUER": None}, "/mcp", True),
        # The host of a request decides.
        ({"MCP_ISSUER": None}, f"{HOST}/mcp", False),
        ({"MCP_RESOURCE": chosen_by_the_request}, "/mcp", False),
        # Its key is in the settings, whatever the default resource is.
        ({"MCP_RESOURCE": chosen_by_the_request, "MCP_RESOURCES": {"/b": {}}}, "/b", True),
    ],
)
def test_scope_for_a_resource_of_this_name(views, ids, server, settings, changes, name, is_known):
    server(scopes_supported=["mcp"])
    for setting, value in changes.items():
        setattr(settings, setting, value)
    views("files", name=name)
    assert ("W042" in ids()) is is_known


TWO_HOSTS = {"https://a.example.com/mcp": {}, "https://b.example.com/mcp": {}}


@pytest.mark.parametrize(
    ("changes", "route", "is_known"),
    [
        ({}, "mcp", True),
        ({}, "elsewhere", True),
        ({}, "<str:tenant>/mcp", False),
        ({"MCP_RESOURCES": {"/a": {}, "/b": {}}}, "a/", True),
        ({"MCP_RESOURCES": {"/a": {}, "/b": {}}}, "c", False),
        ({"MCP_RESOURCES": TWO_HOSTS}, "mcp", False),
        ({"MCP_RESOURCE": chosen_by_the_request}, "mcp", False),
        ({"FORCE_SCRIPT_NAME": "/app", "MCP_RESOURCES": {"/app/a": {}, "/b": {}}}, "a", True),
    ],
)
def test_scope_for_the_resource_at_the_path(
    urlconf, ids, server, settings, changes, route, is_known
):
    server(scopes_supported=["mcp"])
    for setting, value in changes.items():
        setattr(settings, setting, value)
    urlconf(OURS, *OAUTH, path(route, VIEWS["function"](None, "files")))
    assert ("W042" in ids()) is is_known
