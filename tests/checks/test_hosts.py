"""A project whose URLconf django-hosts chooses by the host."""

from __future__ import annotations

import pytest
from django.urls import path

from mcp_oauth_discovery.challenge import unauthorized
from mcp_oauth_discovery.protection import bearer_required
from tests.checks.conftest import MCP, MIDDLEWARE, OAUTH, OURS
from tests.urls import page


def test_documents_and_endpoints_on_another_host_are_healthy(by_host, ids):
    by_host(OURS, *OAUTH, MCP)
    assert ids() == []


def test_page_for_all_that_is_left_on_the_root_host_is_no_fault(by_host, urlconf, ids):
    urlconf(path("<path:anything>", page))
    by_host(OURS, *OAUTH, MCP)
    assert ids() == []


def test_documents_on_no_host(by_host, run, settings):
    by_host(*OAUTH, MCP)
    [message] = [one for one in run() if one.id.endswith("W001")]
    assert message.msg.startswith("ROOT_URLCONF is <module 'urls_of_the_test'>, and ROOT_HOSTCONF ")
    assert "urls_of_the_host" in message.msg
    assert "unless a middleware of your own chooses another URLconf" in message.msg


def test_documents_below_a_prefix_on_another_host(by_host, ids):
    by_host(path("api/", ([OURS], None, None)), *OAUTH, MCP)
    assert ids() == ["W005"]


def test_route_before_ours_on_another_host(by_host, run):
    by_host(path(".well-known/oauth-authorization-server", page), OURS, *OAUTH, MCP)
    [message] = run()
    assert message.id.endswith("W007")
    assert "urls_of_the_host" in message.msg


def test_endpoints_on_no_host(by_host, ids, server):
    by_host(OURS, MCP)
    server(authorization_endpoint="/a", token_endpoint="/t", registration_endpoint="/r")
    assert ids() == ["W017"]


def test_view_that_is_protected_on_another_host(by_host, ids):
    nowhere = bearer_required("/nowhere", scope="mcp")(lambda request: unauthorized(request))
    by_host(OURS, *OAUTH, MCP, path("files", nowhere))
    assert ids() == ["W032"]


@pytest.mark.parametrize("hostconf", ["no.such.module", "tests.www_urls", None, 7])
def test_missing_hosts_are_left_to_django_hosts(by_host, settings, ids, hostconf):
    by_host(OURS, *OAUTH, MCP)
    settings.ROOT_HOSTCONF = hostconf
    assert "W001" in ids()


def test_hosts_without_their_middleware_choose_nothing(by_host, settings, ids):
    by_host(OURS, *OAUTH, MCP)
    settings.MIDDLEWARE = MIDDLEWARE
    assert "W001" in ids()


def test_scopes_of_a_view_on_another_host_are_compared(by_host, ids, server, settings):
    server(scopes_supported=["mcp"])
    settings.MCP_RESOURCES = {"/mcp": {"scopes_supported": ["mcp"]}, "/b": {}}
    bare, files = bearer_required("/b"), bearer_required("/mcp", scope="files")
    by_host(OURS, *OAUTH, path("mcp", files(page)), path("bare", bare(page)))
    assert ids() == ["W041", "W042", "W043"]
