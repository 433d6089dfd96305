"""What a framework takes for a user, and the challenges of django-ninja."""

from __future__ import annotations

import pytest
from django.contrib.auth.decorators import user_passes_test
from django.urls import path
from django.views.decorators.cache import never_cache
from ninja import NinjaAPI, Router
from ninja.operation import PathView

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.protection import (
    BearerProtection,
    protect,
)
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page


def ninja_api(auth, urls=lambda api: api.urls):
    """Return a route to an operation of django-ninja whose API has this `auth`."""
    api = NinjaAPI(urls_namespace="x", docs_url=None, openapi_url=None, auth=auth)
    api.post("call")(lambda request: {})
    return path("api/", urls(api))


def router_of(auth):
    router = Router(auth=auth)
    router.post("call")(lambda request: {})
    api = NinjaAPI(urls_namespace="x", docs_url=None, openapi_url=None)
    api.add_router("", router)
    return path("api/", api.urls)


def method_of_an_older_release(auth):
    """Return a view as django-ninja 1.4 has it: a method of the PathView itself."""
    view = PathView()
    view.add_operation("/call", ["POST"], lambda request: {}, auth=auth)
    return path("api/call", view._sync_view)  # noqa: SLF001


MISPLACED = {
    "api": lambda: ninja_api(BearerProtection("/mcp", "mcp")),
    "list": lambda: ninja_api([BearerAuth(), BearerProtection("/mcp", "mcp")], bearer_urls),
    "router": lambda: router_of(BearerProtection("/mcp", "mcp")),
    "awaited": lambda: ninja_api(BearerProtection("/mcp", "mcp").acheck),
    "older release": lambda: method_of_an_older_release(BearerProtection("/mcp", "mcp")),
    "function": lambda: path("api/call", user_passes_test(BearerProtection("/mcp", "mcp"))(page)),
    "below": lambda: path(
        "api/call", never_cache(user_passes_test(BearerProtection("/mcp", "mcp"))(page))
    ),
}


@pytest.mark.parametrize("kind", MISPLACED)
def test_protection_whose_refusal_would_be_a_user_is_reported(urlconf, run, kind):
    urlconf(OURS, *OAUTH, MCP, MISPLACED[kind]())
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W038"
    assert "'api/call'" in message.msg
    assert "BearerAuth(BearerProtection(…))" in message.hint


def test_urls_without_the_challenges_are_reported(urlconf, run):
    urlconf(OURS, *OAUTH, MCP, ninja_api(BearerAuth(BearerProtection("/mcp", "mcp"))))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W038"
    assert "api.urls" in message.msg
    assert "bearer_urls(api)" in message.hint


@pytest.mark.parametrize(
    "pattern",
    [
        lambda: ninja_api(BearerAuth(BearerProtection("/mcp", "mcp")), bearer_urls),
        lambda: ninja_api(None, bearer_urls),
        lambda: ninja_api(BearerProtection("/mcp", "mcp").authenticate),
        lambda: path("api", user_passes_test(lambda user: True)(page)),
        lambda: path("api", protect(page, BearerProtection("/mcp", "mcp"))),
    ],
)
def test_right_contract_is_healthy(urlconf, ids, pattern):
    urlconf(OURS, *OAUTH, MCP, pattern())
    assert ids() == []
