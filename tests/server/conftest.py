"""A pinned site with `DiscoveryMiddleware` first, behind both kinds of servers."""

from __future__ import annotations

import pytest

from tests import ORIGIN
from tests.server.requests import ASGI, WSGI

OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"


@pytest.fixture
def pinned(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    return settings


@pytest.fixture(params=[WSGI, ASGI], ids=["wsgi", "asgi"])
def server(request, pinned, transactional_db):
    return request.param()
