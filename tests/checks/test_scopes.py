"""Scopes that protected views ask for, those that are offered, and those that are listed."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication
from mcp_oauth_discovery.protection import BearerProtection
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.checks.protected import VIEWS, api

HOST = "https://app.example.com"
SERVER = "MCP_AUTHORIZATION_SERVER_METADATA"
EVERY_VIEW = pytest.mark.parametrize("kind", VIEWS)


@pytest.fixture
def views(urlconf):
    """Route views of some scopes, for one resource or for each its own."""

    def views(*scopes, name="/mcp", kind="function"):
        patterns = [
            path(f"views/{place}", VIEWS[kind](name, scope)) for place, scope in enumerate(scopes)
        ]
        urlconf(OURS, *OAUTH, MCP, *patterns)

    return views


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
        {"authentication_classes": [Choosing]},
        {"authentication_classes": [Bare]},
    ],
)
def test_scope_that_only_a_request_decides_is_left_alone(urlconf, ids, server, settings, members):
    server(scopes_supported=["mcp"])
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}}
    urlconf(
        OURS, *OAUTH, path("mcp", tools(**members).as_view()), path("x", VIEWS["mixin"]("/mcp"))
    )
    assert ids() == []


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


# Scopes that the metadata of a resource lists


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
