from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path

from mcp_oauth_discovery.views import (
    AuthorizationServerMetadataView,
    JWKSView,
    ProtectedResourceMetadataView,
)
from tests import ASM, JWKS, PRM
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page


class OwnView(AuthorizationServerMetadataView):
    pass


class OwnDocument(AuthorizationServerMetadataView):
    def get_document(self, request, **kwargs):
        raise NotImplementedError


page_of_ours = ProtectedResourceMetadataView.as_view()
PROTECTED_RESOURCE = r"^\.well-known/oauth-protected-resource(/mcp)?\Z"


def test_urls_that_are_not_included(urlconf, run):
    urlconf(*OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W001"
    assert "ROOT_URLCONF is <module 'urls_of_the_test'>" in message.msg
    assert 'include("mcp_oauth_discovery.urls")' in message.hint


def test_urls_that_are_not_included_where_somebody_else_issues_tokens(settings, urlconf, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    urlconf(*OAUTH, MCP)
    assert ids() == ["W001"]


def test_urls_that_are_not_included_on_a_site_that_answers_everything(urlconf, ids):
    urlconf(*OAUTH, MCP, re_path("", page))
    assert ids() == ["W001"]


def test_one_document_that_is_not_included(urlconf, server, run):
    server(jwks_uri="https://app.example.com/o/token/")
    urlconf(re_path(PROTECTED_RESOURCE, page_of_ours), *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W001"
    assert message.msg.endswith(f"it has no route for {ASM}.")


def test_site_that_is_no_authorization_server_needs_one_document(settings, urlconf, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    urlconf(re_path(PROTECTED_RESOURCE, page_of_ours), *OAUTH, MCP)
    assert ids() == []


def test_urls_in_the_namespace_of_another_app(urlconf, run):
    urlconf(path("", include(([OURS], "api"))), *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W001"
    assert "another namespace" in message.msg


def test_urls_below_a_prefix(urlconf, run):
    urlconf(path("api/", include("mcp_oauth_discovery.urls")), *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W005"
    assert "below 'api/'" in message.msg


def test_urls_below_two_prefixes_written_in_two_ways(urlconf, run):
    inner = [re_path("^v1/", include("mcp_oauth_discovery.urls"))]
    urlconf(path("api/", include(inner)), *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W005"
    assert "below 'api/v1/'" in message.msg


def test_urls_in_i18n_patterns(urlconf, run):
    urlconf(*i18n_patterns(OURS), *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W006"
    assert "i18n_patterns" in message.msg


def test_urls_in_i18n_patterns_without_a_prefix_for_the_default_language(urlconf, ids):
    # They are found for whoever speaks it; a browser asks in the language of its user.
    urlconf(*i18n_patterns(OURS, prefix_default_language=False), *OAUTH, MCP)
    assert ids() == ["W006"]


def test_urls_in_i18n_patterns_and_at_the_root(urlconf, ids):
    urlconf(OURS, *i18n_patterns(OURS), *OAUTH, MCP)
    assert ids() == []


@pytest.mark.parametrize("include_at", ["", "^"])
def test_include_by_regular_expression(urlconf, ids, include_at):
    urlconf(re_path(include_at, include("mcp_oauth_discovery.urls")), *OAUTH, MCP)
    assert ids() == []


def test_route_of_another_app_before_ours(urlconf, run):
    urlconf(path(".well-known/oauth-authorization-server", page), OURS, *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W007"
    assert message.msg.endswith(f"come first, and answer at {ASM} (tests.urls.page).")


def test_catch_all_before_ours_is_told_once(urlconf, run):
    urlconf(*OAUTH, MCP, re_path(r"^(?!static/)", page), OURS)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W007"
    answered = [f"{one} (tests.urls.page)" for one in (PRM, f"{PRM}/mcp", ASM, JWKS)]
    assert f"answer at {', '.join(answered[:3])} and {answered[3]}." in message.msg


def test_document_of_each_resource_is_looked_for(settings, urlconf, run):
    settings.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}, "/off": {"enabled": False}}
    one, off = (path(f"{PRM[1:]}/{name}", page) for name in ("files/mcp", "off"))
    urlconf(one, off, OURS, *OAUTH, MCP)
    [message] = run()
    assert message.msg.endswith(f"answer at {PRM}/files/mcp (tests.urls.page).")


def test_document_of_an_issuer_with_a_path_is_looked_for(settings, urlconf, run):
    settings.MCP_ISSUER = "https://app.example.com/t1"
    settings.MCP_RESOURCE = "https://app.example.com/mcp"
    urlconf(path(".well-known/oauth-authorization-server/t1", page), OURS, *OAUTH, MCP)
    [message] = run()
    assert f"answer at {ASM}/t1 (" in message.msg


def test_route_of_another_app_for_a_document_that_is_not_ours(settings, urlconf, ids):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    shadow = path(".well-known/oauth-authorization-server", page)
    urlconf(shadow, path(".well-known/jwks.json", page), OURS, *OAUTH, MCP)
    assert ids() == []


def test_jwk_set_of_another_app_that_the_metadata_names(server, urlconf, ids):
    server(jwks_uri="/.well-known/jwks.json")
    urlconf(path(".well-known/jwks.json", page), OURS, *OAUTH, MCP)
    assert ids() == []


def test_document_that_is_left_to_another_app_is_theirs(settings, urlconf, ids):
    # Its endpoints are, too.
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": "https://app.example.com/keys"}
    theirs = path(".well-known/oauth-authorization-server", page)
    urlconf(re_path(PROTECTED_RESOURCE, page_of_ours), theirs, MCP)
    assert ids() == []


def test_subclassed_view_that_makes_its_own_document_is_not_judged(settings, urlconf, ids):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}
    own = re_path(r"^\.well-known/oauth-authorization-server/?\Z", OwnDocument.as_view())
    urlconf(own, OURS, MCP)
    assert ids() == []


def test_subclassed_view_before_ours_is_healthy(urlconf, ids):
    own = re_path(r"^\.well-known/oauth-authorization-server/?\Z", OwnView.as_view())
    urlconf(own, path(".well-known/jwks.json", JWKSView.as_view()), OURS, *OAUTH, MCP)
    assert ids() == []


def test_process_without_urls_is_healthy(settings, ids):
    del settings.ROOT_URLCONF
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"token_endpoint": "token"}
    assert ids() == []


def test_site_below_a_script_prefix_is_healthy(settings, ids):
    settings.FORCE_SCRIPT_NAME = "/app"
    settings.MCP_RESOURCE = "https://app.example.com/app/mcp"
    assert ids() == []
