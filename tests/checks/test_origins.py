"""Protected views that accept the `Origin` of every web page."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.urls import path

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.protection import BearerProtection
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.checks.protected import VIEWS
from tests.checks.test_contracts import ninja_api


@pytest.fixture
def every_origin(settings, healthy_site):
    del settings.MCP_ALLOWED_ORIGINS


@pytest.mark.parametrize("kind", VIEWS)
def test_every_origin_for_a_protected_view_is_reported(every_origin, views, run, kind):
    views("mcp", kind=kind)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W046"
    assert message.msg.startswith("MCP_ALLOWED_ORIGINS is '*': every web page that a user visits ")
    assert "They still require a token" in message.msg
    assert "MCP_ALLOWED_ORIGINS = []" in message.hint
    assert 'MCP_ALLOWED_ORIGINS = ["https://chat.example.com"]' in message.hint


def test_every_origin_for_an_api_is_reported(every_origin, urlconf, ids):
    protection = BearerProtection("/mcp", "mcp")
    urlconf(OURS, *OAUTH, MCP, ninja_api(BearerAuth(protection), bearer_urls))
    assert ids() == ["W046"]


def test_every_origin_that_is_typed_is_reported(views, settings, ids):
    settings.MCP_ALLOWED_ORIGINS = "*"
    views("mcp")
    assert ids() == ["W046"]


@pytest.mark.parametrize("allowed", [[], ["https://client.example.com"], ("null",)])
def test_listed_origins_are_healthy(views, settings, ids, allowed):
    settings.MCP_ALLOWED_ORIGINS = allowed
    views("mcp")
    assert ids() == []


def test_every_origin_without_a_protected_view_is_healthy(every_origin, ids):
    assert ids() == []


def test_every_origin_is_no_concern_before_deployment(every_origin, views):
    views("mcp")
    assert run_checks(tags=["mcp_oauth_discovery"]) == []


def test_wrong_origin_is_an_error_and_nothing_else(views, settings, ids):
    settings.MCP_ALLOWED_ORIGINS = ["*"]
    views("mcp")
    assert ids() == ["E017"]


def test_protected_view_on_another_host_counts(every_origin, by_host, ids):
    by_host(OURS, *OAUTH, MCP, path("files", VIEWS["function"]("/mcp", "mcp")))
    assert ids() == ["W046"]
