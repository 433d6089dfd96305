from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.urls import path, re_path
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from mcp_oauth_discovery.contrib.rest_framework import BearerAuthentication
from mcp_oauth_discovery.protection import BearerProtection
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page

SETTING = "MCP_AUTHORIZATION_SERVER_METADATA"


def test_default_endpoints_that_nobody_routes_are_told_in_one_message(settings, run):
    del settings.MCP_AUTHORIZATION_SERVER_METADATA
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W017"
    assert (
        "/oauth/mcp/authorize (authorization_endpoint), /oauth/mcp/token (token_endpoint) and "
        "/oauth/mcp/register (registration_endpoint)"
    ) in message.msg
    assert f"{SETTING} does not say where they are" in message.msg
    assert f'{SETTING} = {{"authorization_endpoint": "oauth2_provider:authorize", ' in message.hint
    assert "MCP_AUTHORIZATION_SERVERS = [" in message.hint
    assert not message.is_serious()


def test_default_endpoints_that_somebody_routes_are_healthy(settings, urlconf, ids):
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }
    defaults = [path(f"oauth/mcp/{one}", page) for one in ("authorize", "token", "register")]
    urlconf(OURS, *defaults, MCP)
    assert ids() == []


@pytest.mark.parametrize("origin", ["", "https://app.example.com", "https://APP.example.com:443"])
def test_endpoint_on_this_site_that_nobody_routes(server, run, origin):
    server(revocation_endpoint=f"{origin}/o/revoke?all=1")
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W017"
    assert "/o/revoke (revocation_endpoint)" in message.msg
    assert f"{SETTING} says so" in message.msg
    assert '"revocation_endpoint": "oauth2_provider:revoke-token"' in message.hint


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example.com/revoke",
        "https://app.example.com:8443/revoke",
        "https://app.example.com/o/%74oken/",
        "http://localhost/x",
    ],
)
def test_endpoint_elsewhere_or_in_other_letters_is_healthy(server, ids, url):
    server(revocation_endpoint=url)
    assert ids() == []


def test_endpoint_outside_the_script_prefix_is_not_of_this_process(settings, server, ids):
    settings.FORCE_SCRIPT_NAME = "/app"
    settings.MCP_RESOURCE = "https://app.example.com/app/mcp"
    server(revocation_endpoint="/o/revoke")
    assert ids() == []
    server(revocation_endpoint="/app/o/revoke")
    assert ids() == ["W017"]


def test_endpoint_that_only_a_catch_all_answers(server, urlconf, ids):
    server(revocation_endpoint="/o/revoke")
    urlconf(OURS, *OAUTH, MCP, re_path("", page))
    assert ids() == ["W017"]


def test_endpoint_without_its_final_slash(server, run):
    server(revocation_endpoint="/o/token")
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W017"
    assert message.msg.startswith(f"{SETTING}['revocation_endpoint'] is at '/o/token', and ")
    assert message.hint.startswith('Write "revocation_endpoint": "/o/token/"')


def test_mcp_endpoint_that_django_does_not_serve_is_healthy(urlconf, ids):
    # It is an ASGI application at Django's side, or another process behind the same proxy.
    urlconf(OURS, *OAUTH)
    assert ids() == []


def test_route_with_a_slash_for_an_endpoint_without(urlconf, run):
    urlconf(OURS, *OAUTH, path("mcp/", page))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W026"
    assert message.msg.startswith("MCP_RESOURCE names an MCP endpoint at '/mcp', ")


def test_route_without_a_slash_for_an_endpoint_with_one(settings, run):
    settings.MCP_RESOURCE = "https://app.example.com/mcp/"
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W026"
    assert "'/mcp' only" in message.msg


def test_route_with_a_slash_for_one_of_several_endpoints(settings, urlconf, run):
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}, "/off": {"enabled": False}}
    urlconf(OURS, *OAUTH, path("a", page), path("b/", page), path("off/", page))
    [message] = run()
    assert message.msg.startswith("MCP_RESOURCES['/b'] names an MCP endpoint at '/b', ")


def test_route_of_a_cms_for_all_pages_is_not_that_of_the_endpoint(urlconf, ids):
    urlconf(OURS, *OAUTH, re_path(r"^((?:[\w\-]+/)*)$", page))
    assert ids() == []


def test_endpoint_of_another_site_is_not_looked_for(settings, urlconf, ids):
    settings.MCP_RESOURCE = "https://tools.example.com/mcp"
    urlconf(OURS, *OAUTH, path("mcp/", page))
    assert ids() == []


def test_endpoint_is_looked_for_where_the_issuer_is_not_pinned(settings, urlconf, ids):
    settings.MCP_ISSUER = lambda request: 1 / 0
    settings.MCP_RESOURCE = "https://tools.example.com/mcp"
    urlconf(OURS, *OAUTH, path("mcp/", page))
    assert ids() == ["W026"]


@pytest.mark.parametrize("route", ["mcp", "mcp/"])
def test_mcp_endpoint_in_i18n_patterns(urlconf, run, route):
    urlconf(OURS, *OAUTH, *i18n_patterns(path(route, page)))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W027"
    assert f"inside i18n_patterns, at '/en-us/{route}'" in message.msg


def test_mcp_endpoint_in_i18n_patterns_and_outside(urlconf, ids):
    urlconf(OURS, *OAUTH, MCP, *i18n_patterns(MCP))
    assert ids() == []


def test_pages_in_i18n_patterns_are_not_the_mcp_endpoint(urlconf, ids):
    urlconf(OURS, *OAUTH, *i18n_patterns(path("", page), re_path(r"^([\w-]+)/$", page)))
    assert ids() == []


class Bearer(BaseAuthentication):
    def authenticate(self, request):
        return None

    def authenticate_header(self, request):
        return "Bearer"


class Silent(SessionAuthentication):
    pass


def endpoint(*classes):
    return type("Endpoint", (APIView,), {"authentication_classes": classes}).as_view()


@api_view(["POST"])
@authentication_classes([SessionAuthentication])
def function(request):
    raise NotImplementedError


SILENT = [
    endpoint(SessionAuthentication, TokenAuthentication),
    endpoint(Silent),
    endpoint(BaseAuthentication),
    function,
    endpoint(Bearer).cls.as_view(authentication_classes=[SessionAuthentication]),
    type("Tools", (ViewSet,), {"authentication_classes": [Silent]}).as_view({"post": "create"}),
    # As Django REST framework has it where nobody says anything.
    APIView.as_view(),
]


@pytest.mark.parametrize("view", SILENT)
def test_rest_framework_that_would_answer_403(urlconf, run, view):
    urlconf(OURS, *OAUTH, path("mcp", view))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W028"
    assert message.msg.startswith("MCP_RESOURCE names an MCP endpoint at '/mcp', whose auth")
    assert "REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES']" in message.hint


@pytest.mark.parametrize(
    "view",
    [
        endpoint(Bearer, SessionAuthentication),
        endpoint(BasicAuthentication),
        endpoint(TokenAuthentication),
        endpoint(),
        endpoint(SessionAuthentication).cls.as_view(authentication_classes=[Bearer]),
        endpoint(object),
    ],
)
def test_rest_framework_that_answers_401(urlconf, ids, view):
    urlconf(OURS, *OAUTH, path("mcp", view))
    assert ids() == []


def test_rest_framework_on_other_pages_is_healthy(urlconf, ids):
    urlconf(OURS, *OAUTH, MCP, path("api", SILENT[0]))
    assert ids() == []


class Ours(BearerAuthentication):
    protection = BearerProtection("/mcp", "mcp")


@pytest.mark.parametrize("first", [Bearer, BasicAuthentication, TokenAuthentication])
def test_challenge_of_this_app_that_nobody_is_sent(urlconf, run, first):
    urlconf(OURS, *OAUTH, path("mcp", endpoint(first, SessionAuthentication, Ours)))
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W034"
    assert message.msg.startswith("MCP_RESOURCE names an MCP endpoint at '/mcp', whose auth")
    assert f"begin with {first.__name__}" in message.msg
    assert "Put Ours first" in message.hint


def test_challenge_of_this_app_after_one_without_any_is_told_once(urlconf, ids):
    urlconf(OURS, *OAUTH, path("mcp", endpoint(SessionAuthentication, Ours)))
    assert ids() == ["W028"]


@pytest.mark.parametrize("classes", [(Ours,), (Ours, TokenAuthentication), (Ours, Ours)])
def test_challenge_of_this_app_that_everybody_is_sent(urlconf, ids, classes):
    urlconf(OURS, *OAUTH, path("mcp", endpoint(*classes)))
    assert ids() == []


def test_order_of_the_classes_on_other_pages_is_their_own(urlconf, ids):
    urlconf(OURS, *OAUTH, MCP, path("api", endpoint(TokenAuthentication, Ours)))
    assert ids() == []


@pytest.mark.parametrize(
    ("classes", "status"),
    {(SessionAuthentication, Bearer): 403, (Bearer, SessionAuthentication): 401}.items(),
)
def test_order_of_the_classes_makes_the_status(rf, classes, status):
    view = endpoint(*classes).cls.as_view(permission_classes=[IsAuthenticated])
    assert view(rf.post("/mcp")).status_code == status
