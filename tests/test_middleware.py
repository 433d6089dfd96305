from __future__ import annotations

import json

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from mcp_oauth_discovery.middleware import DiscoveryMiddleware
from mcp_oauth_discovery.views import ProtectedResourceMetadataView
from tests import ASM, JWKS, ORIGIN, PRM, urls

# The JWK Set and the AS metadata tell of the keys in the database.
pytestmark = pytest.mark.django_db

OURS = "mcp_oauth_discovery.middleware.DiscoveryMiddleware"
URLS = [PRM, f"{PRM}/mcp", ASM, JWKS, f"{PRM}/nobody"]
NOT_OURS = [
    "/page/",
    "/page",
    "/nowhere",
    "/.well-known/security.txt",
    "/.well-known/change-password",
    "/.well-known/unknown",
    "/.well-known/",
    "/.well-known",
    "/x/.well-known/jwks.json",
]


class Named(ProtectedResourceMetadataView):
    def get_document(self, request, **kwargs):
        return {**super().get_document(request, **kwargs), "resource_name": "Mine"}


urlpatterns = [path(PRM.removeprefix("/"), Named.as_view()), *urls.urlpatterns]


@pytest.fixture(params=["sync", "async"])
def ask(request):
    """Request a path over http at testserver, from a sync stack and from an async one."""

    # A new client each time, for one loads MIDDLEWARE only once.
    async def ask_async(path, method="GET", **kwargs):
        return await AsyncClient().generic(method, path, **kwargs)

    def ask_sync(path, method="GET", **kwargs):
        return Client().generic(method, path, **kwargs)

    return ask_sync if request.param == "sync" else async_to_sync(ask_async)


def seen(response):
    """Return all that a client sees of a response."""
    return response.status_code, response.content, dict(response.items()), str(response.cookies)


@pytest.fixture
def expected(settings):
    """Return what a URL answers when there is no middleware at all."""
    settings.MCP_ISSUER = ORIGIN

    def expected(path, method="GET", **kwargs):
        settings.MIDDLEWARE = []
        return seen(Client().generic(method, path, **kwargs))

    return expected


SESSIONS = ["django.contrib.sessions.middleware.SessionMiddleware"]
STACKS = {
    "cors-locked-down": (
        ["corsheaders.middleware.CorsMiddleware"],
        {"CORS_ALLOWED_ORIGINS": ["https://client.example.com"], "CORS_ALLOW_CREDENTIALS": True},
    ),
    "locale": (["django.middleware.locale.LocaleMiddleware"], {}),
    "gzip": (["django.middleware.gzip.GZipMiddleware"], {}),
    "session": (SESSIONS, {"SESSION_SAVE_EVERY_REQUEST": True}),
    "ssl-redirect": (
        ["django.middleware.security.SecurityMiddleware"],
        {"SECURE_SSL_REDIRECT": True},
    ),
    "www-redirect": (["django.middleware.common.CommonMiddleware"], {"PREPEND_WWW": True}),
    "cache": (
        [
            "django.middleware.cache.UpdateCacheMiddleware",
            "django.middleware.cache.FetchFromCacheMiddleware",
        ],
        {},
    ),
    "broken": (["django.contrib.auth.middleware.AuthenticationMiddleware"], {}),
    "login-required": (
        [
            *SESSIONS,
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ],
        {},
    ),
}
# A browser's request, with all that makes those middleware classes meddle.
HEADERS = {
    "origin": "https://client.example.com",
    "accept-encoding": "gzip",
    "accept-language": "de",
    "cookie": "sessionid=x",
}


@pytest.fixture(params=STACKS)
def stack(request, settings):
    """Put a hostile stack behind the middleware, and return its classes."""
    middleware, others = STACKS[request.param]
    for name, value in others.items():
        setattr(settings, name, value)
    return middleware


SYNC = pytest.mark.parametrize("ask", ["sync"], indirect=True)


def test_no_other_middleware_gets_in_the_way(settings, expected, ask, stack):
    alone = expected(ASM, headers=HEADERS)
    settings.MIDDLEWARE = [OURS, *stack]
    assert seen(ask(ASM, headers=HEADERS)) == alone


@SYNC
@pytest.mark.parametrize("stack", ["session"], indirect=True)
@pytest.mark.parametrize(
    ("url", "method"), [*[(url, "GET") for url in URLS], (PRM, "HEAD"), (PRM, "POST")]
)
def test_no_document_and_no_method_is_left_to_the_stack(
    settings, expected, ask, stack, url, method
):
    alone = expected(url, method, headers=HEADERS)
    settings.MIDDLEWARE = [OURS, *stack]
    assert seen(ask(url, method, headers=HEADERS)) == alone


@pytest.mark.parametrize("stack", ["cors-locked-down", "session"], indirect=True)
def test_no_other_middleware_answers_the_preflight(settings, expected, ask, stack):
    headers = {**HEADERS, "access-control-request-method": "GET"}
    alone = expected(ASM, "OPTIONS", headers=headers)
    settings.MIDDLEWARE = [OURS, *stack]
    assert seen(ask(ASM, "OPTIONS", headers=headers)) == alone
    assert alone[2]["Access-Control-Allow-Headers"] == "*, Authorization"


@SYNC
# Without ours, the views of the documents withstand these.
@pytest.mark.parametrize(
    "stack", sorted(set(STACKS) - {"broken", "login-required", "session"}), indirect=True
)
def test_that_middleware_would_meddle_without_ours(settings, expected, ask, stack):
    alone = expected(ASM, headers=HEADERS)
    settings.MIDDLEWARE = stack
    assert seen(ask(ASM, headers=HEADERS)) != alone


def test_post_is_not_asked_for_a_csrf_token(settings):
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    response = Client(enforce_csrf_checks=True).post(PRM, {"a": "b"})
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_host_that_is_not_allowed_is_refused_as_json(settings, ask, caplog):
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    settings.ALLOWED_HOSTS = ["app.example.com"]
    response = ask(PRM)
    assert (response.status_code, response.json()) == (400, {"error": "invalid_request"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "django.security.DisallowedHost" in {record.name for record in caplog.records}


def test_setting_that_cannot_be_right_is_a_server_error(settings, ask):
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    settings.MCP_ISSUER = "nonsense"
    response = ask(PRM)
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})


@pytest.mark.urls(__name__)
def test_view_that_the_project_routes_first_is_honoured(settings, ask):
    settings.MIDDLEWARE = [OURS]
    assert ask(PRM).json()["resource_name"] == "Mine"
    assert "resource_name" not in ask(f"{PRM}/mcp").json()


@pytest.mark.parametrize(
    ("url", "method"),
    [("/page/", "GET"), ("/page/", "POST"), ("/nowhere", "OPTIONS"), (NOT_OURS[3], "GET")],
)
def test_everything_else_is_passed_on_untouched(settings, ask, url, method):
    without = seen(ask(url, method))
    settings.MIDDLEWARE = [OURS, *settings.MIDDLEWARE]
    assert seen(ask(url, method)) == without


@pytest.mark.parametrize("url", NOT_OURS)
def test_response_of_others_is_the_very_same_object(rf, url):
    response = HttpResponse("theirs")
    assert DiscoveryMiddleware(lambda request: response)(rf.get(url)) is response


@pytest.mark.parametrize("url", ["/page/", "/.well-known/unknown"])
def test_response_of_others_is_the_very_same_object_in_async(rf, url):
    response = HttpResponse("theirs")

    async def theirs(request):
        return response

    assert async_to_sync(DiscoveryMiddleware(theirs).__acall__)(rf.get(url)) is response


def refuse(request):
    raise AssertionError("the rest of the stack was asked")


@pytest.mark.parametrize("url", URLS)
def test_the_rest_of_the_stack_is_not_asked(rf, url):
    assert DiscoveryMiddleware(refuse)(rf.get(url)).status_code in (200, 404)


def test_request_knows_the_view_that_answered(rf):
    request = rf.get(JWKS)
    DiscoveryMiddleware(refuse)(request)
    assert request.resolver_match.view_name == "mcp_oauth_discovery:jwks"


def test_middleware_is_what_its_stack_is():
    async def get_response(request): ...

    assert iscoroutinefunction(DiscoveryMiddleware(get_response))
    assert not iscoroutinefunction(DiscoveryMiddleware(refuse))


def test_site_below_a_prefix_is_found_by_the_path_behind_it(settings, client):
    settings.MIDDLEWARE = [OURS]
    response = client.get(JWKS, SCRIPT_NAME="/app")
    assert json.loads(response.content) == {"keys": []}


def test_urlconf_that_the_request_was_given_is_honoured(rf):
    request = rf.get(PRM, secure=True, headers={"host": "app.example.com"})
    request.urlconf = "tests.test_middleware"
    response = DiscoveryMiddleware(lambda request: HttpResponse("passed on"))(request)
    assert json.loads(response.content)["resource_name"] == "Mine"
