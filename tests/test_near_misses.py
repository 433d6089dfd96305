"""`DiscoveryMiddleware` and URLs that are almost those of a document."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.http import HttpResponse
from django.urls import include, path, re_path

from mcp_oauth_discovery.middleware import DiscoveryMiddleware
from tests import JWKS, PRM

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "url",
    [
        "/.well-known//oauth-protected-resource",
        "/.well-known//jwks.json",
        "//.well-known/oauth-authorization-server/t1",
        "/.well-known/jwks.json/x",
        "/.well-known/oauth-protected-resource;x",
        "/.well-known/oauth-protected-resource\\mcp",
    ],
)
def test_discovery_url_with_too_much_in_it_is_a_json_404(rf, url):
    request = rf.generic("GET", "/")
    request.path_info = url
    response = DiscoveryMiddleware(lambda request: HttpResponse("passed on"))(request)
    assert (response.status_code, response.content) == (404, b'{"error": "not_found"}')
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "url",
    [
        "/.well-known/oauth-protected-resources",
        "/.well-known/oauth-protected-resource-metadata",
        "/.well-known/jwks.json.bak",
        "/x/.well-known//jwks.json",
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_url_that_only_looks_like_one_is_passed_on(rf, url, status):
    request = rf.generic("GET", "/")
    request.path_info = url
    answer = HttpResponse("passed on", status=status)
    assert DiscoveryMiddleware(lambda request: answer)(request) is answer


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, (404, b'{"error": "not_found"}')),
        (400, (400, b'{"error": "invalid_request"}')),
        (503, (503, b'{"error": "server_error"}')),
    ],
)
def test_error_of_the_stack_is_sent_as_json(rf, status, expected):
    request = rf.get("/.well-known/jwks.json/x")
    response = DiscoveryMiddleware(lambda request: HttpResponse("page", status=status))(request)
    assert (response.status_code, response.content) == expected


def single_page(request):
    return HttpResponse("<!doctype html>", content_type="text/html")


CATCH_ALL = ModuleType("catch_all")
CATCH_ALL.urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    re_path(r"^[\s\S]*\Z", single_page),
]


@pytest.mark.parametrize(
    "url",
    [
        "//.well-known/oauth-protected-resource",
        "/.well-known//oauth-protected-resource",
        "//.well-known/oauth-authorization-server/x",
        "/.well-known/oauth-protected-resource\x00",
        "/.well-known/jwks.json\x00",
        "/.well-known/jwks.json/x",
        "/.well-known/jwks.json//",
    ],
)
def test_route_for_all_that_is_left_does_not_answer_a_misspelt_url(rf, settings, url):
    settings.ROOT_URLCONF = CATCH_ALL
    request = rf.generic("GET", "/")
    request.path_info = url
    response = DiscoveryMiddleware(single_page)(request)
    assert (response.status_code, response.content) == (404, b'{"error": "not_found"}')


@pytest.mark.parametrize("url", [f"{PRM}/served-by-them", JWKS])
def test_route_of_another_package_is_left_to_it(rf, settings, url):
    settings.ROOT_URLCONF = ModuleType("theirs")
    settings.ROOT_URLCONF.urlpatterns = [path(url.removeprefix("/"), single_page)]
    theirs = HttpResponse("theirs")
    assert DiscoveryMiddleware(lambda request: theirs)(rf.get(url)) is theirs


def test_preflight_of_a_near_miss_is_answered(rf):
    request = rf.generic("OPTIONS", "/.well-known/jwks.json/x")
    response = DiscoveryMiddleware(lambda request: HttpResponse("passed on"))(request)
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, "*")
