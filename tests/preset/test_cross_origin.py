"""Scripts of MCP clients in a browser, which may have any origin."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

ENDPOINTS = {
    "/oauth/mcp/token": "OPTIONS, POST",
    "/oauth/mcp/revoke": "OPTIONS, POST",
    "/oauth/mcp/register": "OPTIONS, POST",
    "/oauth/mcp/register/x": "DELETE, GET, OPTIONS, PUT",
}
CORS = "corsheaders.middleware.CorsMiddleware"
TRUSTED, OTHER = "https://client.example.com", "https://other.example.com"


def preflight(origin=OTHER):
    return {
        "host": "app.example.com",
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }


def without(settings, name):
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != name]


@pytest.mark.parametrize("with_cors", [True, False], ids=["cors-headers", "alone"])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_preflight_allows_every_origin(preset, visitor, path, with_cors):
    preset.CORS_ALLOW_CREDENTIALS = True
    if not with_cors:
        without(preset, CORS)
    response = visitor.options(path, headers=preflight())
    assert response.status_code == 204
    assert response["access-control-allow-origin"] == "*"
    methods = response["access-control-allow-methods"].split(", ")
    assert sorted(set(methods) - {"HEAD"}) == ENDPOINTS[path].split(", ")
    assert "access-control-allow-credentials" not in response.headers
    assert "content-type" in response["access-control-allow-headers"]


def test_preflight_needs_no_discovery_middleware_without_cors_headers(preset, visitor):
    preset.MIDDLEWARE = []
    response = visitor.options("/oauth/mcp/token", headers=preflight())
    assert (response.status_code, response["access-control-allow-origin"]) == (204, "*")


def test_preflight_is_answered_in_an_async_stack(preset):
    client = AsyncClient()
    response = async_to_sync(client.options)("/oauth/mcp/token", headers=preflight())
    assert (response.status_code, response["access-control-allow-origin"]) == (204, "*")


@pytest.mark.parametrize("path", ["/page/", "/nowhere/", "/oauth/mcp/login"])
def test_policy_of_the_site_holds_for_other_preflights(visitor, path):
    response = visitor.options(path, headers=preflight())
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("origin", [TRUSTED, OTHER])
@pytest.mark.parametrize("path", ["/oauth/mcp/token", "/oauth/mcp/register"])
def test_answer_has_one_origin_with_cors_headers_too(visitor, path, origin):
    response = visitor.post(path, headers={"origin": origin})
    assert response.status_code == 400
    assert response["access-control-allow-origin"] == ("*" if origin == OTHER else TRUSTED)
    assert "access-control-allow-credentials" not in response.headers


def test_pages_for_people_are_not_read_by_scripts(visitor):
    response = visitor.get("/oauth/mcp/login", headers={"origin": OTHER})
    assert "access-control-allow-origin" not in response.headers
