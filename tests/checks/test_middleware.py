from __future__ import annotations

import pytest
from corsheaders.middleware import CorsMiddleware
from corsheaders.signals import check_request_enabled
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.middleware.common import CommonMiddleware
from django.urls import path
from rest_framework.authentication import TokenAuthentication
from rest_framework.views import APIView

from mcp_oauth_discovery.cors import MCP_REQUEST_HEADERS
from mcp_oauth_discovery.middleware import DiscoveryMiddleware
from tests import PRM
from tests.checks.conftest import MCP, MIDDLEWARE, OAUTH, OURS
from tests.urls import page

DISCOVERY, CORS, *REST = MIDDLEWARE
LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


class AuthenticatedView(APIView):
    authentication_classes = [TokenAuthentication]


class OwnMiddleware(DiscoveryMiddleware):
    pass


class OwnCors(CorsMiddleware):
    pass


class OwnLogin(LoginRequiredMiddleware):
    pass


class OwnCommon(CommonMiddleware):
    pass


def function_middleware(get_response):
    return get_response


@pytest.fixture
def without_ours(settings, healthy_site):
    settings.MIDDLEWARE = [CORS, *REST]


def test_cors_without_our_middleware(without_ours, run):
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W023"
    assert f"MIDDLEWARE has {CORS}, and DiscoveryMiddleware is not there" in message.msg
    assert message.hint == f'Put "{DISCOVERY}" first in MIDDLEWARE.'


def test_cors_above_our_middleware(settings, run):
    settings.MIDDLEWARE = ["no.such.middleware", CORS, DISCOVERY, *REST]
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W023"
    assert "DiscoveryMiddleware is below it" in message.msg


@pytest.mark.parametrize("own", ["OwnMiddleware", "function_middleware"])
def test_own_middleware_above_cors_counts_if_it_is_a_subclass(settings, ids, own):
    settings.MIDDLEWARE = [f"{__name__}.{own}", CORS, *REST]
    assert ids() == ([] if own == "OwnMiddleware" else ["W023"])


def test_subclass_of_cors_middleware_eats_preflights_as_well(settings, run):
    settings.MIDDLEWARE = [f"{__name__}.OwnCors", *REST]
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W023"
    assert f"MIDDLEWARE has {__name__}.OwnCors, and DiscoveryMiddleware" in message.msg


def test_no_cors_at_all_is_healthy(settings, ids):
    settings.MIDDLEWARE = REST
    assert ids() == []


def test_cors_for_other_paths_is_healthy(without_ours, settings, ids):
    settings.CORS_URLS_REGEX = r"^/(api|mcp)"
    assert ids() == []


@pytest.mark.parametrize(
    "policy",
    [
        {"CORS_ALLOW_ALL_ORIGINS": True},
        {"CORS_ORIGIN_ALLOW_ALL": True},
        {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://nothing$", r".*"]},
    ],
)
def test_cors_for_everybody_is_healthy_with_the_header_of_the_protocol(
    without_ours, settings, run, policy
):
    for name, value in policy.items():
        setattr(settings, name, value)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W023"
    assert "refuses the header mcp-protocol-version" in message.msg
    settings.CORS_ALLOW_HEADERS = [name.title() for name in MCP_REQUEST_HEADERS]
    assert run() == []


def test_cors_that_asks_a_receiver_may_let_anybody_in(without_ours, ids):
    def receiver(sender, request, **kwargs):
        raise NotImplementedError

    check_request_enabled.connect(receiver)
    try:
        assert ids() == []
    finally:
        check_request_enabled.disconnect(receiver)


def test_cors_without_our_middleware_does_eat_preflights(without_ours, client):
    headers = {"origin": "https://any.example.org", "access-control-request-method": "GET"}
    assert "access-control-allow-origin" not in client.options(PRM, headers=headers).headers


@pytest.fixture
def locked(settings, healthy_site):
    settings.MIDDLEWARE = [*MIDDLEWARE, LOGIN]


@login_not_required
def open_page(request):
    return HttpResponse()


OPEN = [
    path("o/token/", open_page, name="token"),
    path("o/register/", open_page, name="dcr-register"),
]
PEOPLE = OAUTH[0]


def test_login_for_endpoints_that_programs_ask(locked, run):
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W024"
    assert (
        "redirects MCP_RESOURCE '/mcp', token_endpoint '/o/token/' and "
        "registration_endpoint '/o/register/' to the login page"
    ) in message.msg
    assert "@login_not_required" in message.hint


def test_login_by_a_subclass_is_one(locked, settings, ids):
    settings.MIDDLEWARE = [*MIDDLEWARE, f"{__name__}.OwnLogin"]
    assert ids() == ["W024"]


def test_middleware_that_is_not_there_is_not_for_a_check_to_report(settings, ids):
    settings.MIDDLEWARE = ["no.such.middleware", *MIDDLEWARE]
    assert ids() == []


def test_login_for_people_is_healthy(locked, urlconf, ids):
    urlconf(OURS, PEOPLE, *OPEN, path("mcp", open_page))
    assert ids() == []


def test_login_for_endpoints_of_another_process_is_healthy(locked, urlconf, ids):
    urlconf(OURS, PEOPLE, *OPEN)
    assert ids() == []


def test_login_on_a_site_with_another_server_is_about_the_mcp_endpoint(locked, settings, run):
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    [message] = run()
    assert "redirects MCP_RESOURCE '/mcp' to the login page" in message.msg


def test_login_is_nothing_to_a_view_of_rest_framework(locked, urlconf, ids):
    # Such a view exempts itself, and asks for what its own classes say.
    urlconf(OURS, PEOPLE, *OPEN, path("mcp", AuthenticatedView.as_view()))
    assert ids() == []


def test_jwk_set_of_ours_is_open(locked, server, urlconf, ids):
    server(jwks_uri="/.well-known/jwks.json")
    urlconf(OURS, PEOPLE, *OPEN, path("mcp", open_page))
    assert ids() == []


def test_login_does_redirect_an_endpoint(locked, client):
    assert client.post("/mcp").status_code == 302


@pytest.fixture
def with_www(settings, healthy_site):
    settings.PREPEND_WWW = True


def test_www_before_an_issuer_without(with_www, run):
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W025"
    assert message.msg.startswith("PREPEND_WWW is True, and MCP_ISSUER is 'https://app.example")
    assert "www.app.example.com" in message.msg


def test_www_before_a_resource_without(with_www, settings, run):
    settings.MCP_ISSUER = "https://www.example.com"
    settings.MCP_RESOURCE = "https://mcp.example.com/mcp"
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W025"
    assert "MCP_RESOURCE is 'https://mcp.example.com/mcp'" in message.msg


def test_www_by_a_subclass_is_one(with_www, settings, ids):
    settings.MIDDLEWARE = [MIDDLEWARE[0], f"{__name__}.OwnCommon"]
    assert ids() == ["W025"]


def test_www_before_a_resource_among_several(with_www, settings, run):
    settings.MCP_ISSUER = "https://www.example.com"
    settings.MCP_RESOURCES = {
        "/mcp": {},
        "https://www.example.com/b": {},
        "https://c.example.com/c": {},
        "https://off.example.com/d": {"enabled": False},
    }
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W025"
    assert ("MCP_RESOURCES['https://c.example.com/c'] is 'https://c.example.com/c'") in message.msg
    assert message.hint.endswith("write the host with www. there.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCP_ISSUER", "https://www.example.com"),
        ("MCP_ISSUER", lambda request: 1 / 0),
        ("MIDDLEWARE", MIDDLEWARE[:1]),
    ],
)
def test_www_that_nobody_is_sent_to_is_healthy(with_www, settings, ids, name, value):
    setattr(settings, name, value)
    assert ids() == []


def test_wrong_identifier_is_an_error_and_no_matter_of_www(with_www, settings, ids):
    settings.MCP_ISSUER = 7
    settings.MCP_RESOURCE = "mcp"
    assert ids() == ["E001", "E002"]


def test_www_does_redirect(with_www, settings, client, urlconf):
    urlconf(OURS, *OAUTH, MCP, path("", page))
    settings.ALLOWED_HOSTS = ["app.example.com"]
    response = client.get("/mcp", headers={"host": "app.example.com"})
    assert response["location"] == "http://www.app.example.com/mcp"
