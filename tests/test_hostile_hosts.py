"""Invalid hosts, ports and paths: the answer is JSON, and never a 5xx."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.challenge import bearer_challenge, insufficient_scope, unauthorized
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.identity import UnusableRequest
from mcp_oauth_discovery.protection import BearerProtection, BearerRequiredMixin, bearer_required
from mcp_oauth_discovery.signing import InvalidToken
from tests import ASM, JWKS, ORIGIN, PRM
from tests.answers import readable
from tests.nasty import NASTY

pytestmark = pytest.mark.django_db

LONG = "a" * 1950 + ".example.com"
# What Django takes for a host under a wildcard, and what no URL may have.
UNUSABLE = [
    LONG,
    "a" * 249 + ".example.com",
    "x.example.com:" + "0" * 1950 + "443",
    "x.example.com:" + "9" * 5000,
    "x.example.com:99999",
    "[" + ":" * 1950 + "]",
    "[:::]",
    "[::1]:65536",
]
ODD = [
    "a" * 241 + ".example.com",
    "..example.com",
    "-.example.com",
    "x.example.com.",
    "x.example.com:00443",
    "X.EXAMPLE.com:0",
]


def verify(request, token, resource):
    if token != "right":
        raise InvalidToken("Not that one")
    return {"sub": "7"}


PROTECTION = BearerProtection(verify=verify)


@bearer_required(verify=verify)
def sync(request, **kwargs):
    return HttpResponse("let in")


@bearer_required(verify=verify)
async def asynchronous(request, **kwargs):
    return HttpResponse("let in")


class Mixin(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request):
        return HttpResponse("let in")


class Authentication(BearerAuthentication):
    protection = PROTECTION


class Framework(APIView):
    authentication_classes = [Authentication]
    permission_classes = [HasScope]

    def post(self, request):
        return Response("let in")


class Guarded(BearerViewMixin, Framework):
    pass


@method_decorator(bearer_required(verify=verify), name="dispatch")
class Refusing(View):
    def post(self, request):
        return HttpResponse(status=401)


@api_view(["POST"])
@authentication_classes([Authentication])
@permission_classes([HasScope])
def function(request):
    return Response("let in")


PROTECTED = {
    "sync": sync,
    "async": asynchronous,
    "mixin": Mixin.as_view(),
    "framework": Framework.as_view(),
    "guarded": Guarded.as_view(),
    "refusing": Refusing.as_view(),
    "function": function,
}
urlpatterns = [
    path("", include("mcp_oauth_discovery.urls")),
    *[path(name, view) for name, view in PROTECTED.items()],
    path("under/<path:rest>", sync),
]


def host_as_issuer(request):
    return f"https://{request.get_host()}"


def path_as_issuer(request):
    return f"{ORIGIN}{request.path}"


def failing_over_the_host(request):
    raise ValueError(request.get_host())


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    # Without those of Django, which ask for the host before any view does.
    settings.MIDDLEWARE = []
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def call(method, url, **headers):
    return Client(raise_request_exception=False).generic(method, url, headers=headers)


BAD = (400, {"error": "invalid_request"})
KINDS = [name for name in PROTECTED if name != "refusing"]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("authorization", ["", "Bearer right"])
def test_host_that_makes_no_url_is_a_bad_request(caplog, name, authorization):
    for host in UNUSABLE:
        caplog.clear()
        response = call("POST", f"/{name}", authorization=authorization, host=host)
        assert readable(response) == BAD
        assert "WWW-Authenticate" not in response
        assert {one.event for one in caplog.records if hasattr(one, "event")} == {"request.refused"}


def test_forwarded_host_is_judged_where_it_counts():
    assert readable(call("POST", "/sync", **{"x-forwarded-host": LONG})) == BAD


@pytest.mark.parametrize("issuer", [None, host_as_issuer, failing_over_the_host])
@pytest.mark.parametrize("url", [PRM, ASM, "/sync"])
def test_callable_that_fails_for_such_a_host_is_not_to_blame(settings, issuer, url):
    settings.MCP_ISSUER = issuer
    for host in UNUSABLE:
        assert readable(call("GET", url, host=host)) == BAD


@pytest.mark.parametrize("name", PROTECTED)
def test_host_that_makes_no_url_does_not_matter_to_a_pinned_site(settings, name):
    settings.MCP_ISSUER = ORIGIN
    for host in UNUSABLE:
        assert call("POST", f"/{name}", host=host).status_code == 401
        assert call("POST", f"/{name}", host=host, authorization="Bearer x").status_code == 401


@pytest.mark.parametrize("name", PROTECTED)
def test_options_is_answered_whatever_the_host(name):
    for host in [*UNUSABLE, *ODD]:
        assert call("OPTIONS", f"/{name}", host=host).status_code == 204


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        *[(url, "*") for url in (PRM, f"{ASM}/x", JWKS, *[f"/{name}" for name in PROTECTED])],
        *[(url, ".example.com") for url in (PRM, "/sync", "/guarded")],
    ],
)
def test_no_host_is_a_server_error(settings, url, allowed):
    settings.ALLOWED_HOSTS = [allowed]
    for host in [*UNUSABLE, *ODD, *NASTY]:
        for method in ("GET", "POST"):
            response = call(method, url, authorization="Bearer right", host=host)
            assert response.status_code < 500
            if response.content and url != "/refusing":
                assert "text/html" not in response["Content-Type"] or response.status_code == 200


def test_401_of_the_view_is_a_bad_request_too(settings):
    refused = call("POST", "/refusing", authorization="Bearer right", host=LONG)
    assert readable(refused) == BAD


@pytest.mark.parametrize(
    ("issuer", "authorization"),
    [
        (None, "Bearer right"),
        (ORIGIN, "Bearer right"),
        *[(path_as_issuer, sent) for sent in ("", "Bearer x", "Bearer right")],
    ],
)
def test_long_path_is_no_server_error(settings, issuer, authorization):
    settings.MCP_ISSUER = issuer
    for length in (1900, 1960, 2000, 5000):
        url = f"/under/{'x' * length}"
        response = call("POST", url, host="app.example.com", authorization=authorization)
        assert response.status_code < 500
    if issuer is path_as_issuer and authorization != "Bearer right":
        assert readable(response) == BAD


@pytest.mark.parametrize("refuse", [unauthorized, lambda one: insufficient_scope(one, "mcp")])
def test_refusal_by_hand_is_a_bad_request_too(rf, refuse):
    assert refuse(rf.post("/mcp", headers={"host": LONG})).status_code == 400


def test_challenge_by_hand_is_refused_as_django_refuses_a_request(rf):
    with pytest.raises(UnusableRequest, match="Host header is not part of a valid URL"):
        bearer_challenge(rf.post("/mcp", headers={"host": LONG}))


@pytest.mark.parametrize("authorization", ["", "Bearer right"])
def test_host_that_has_no_resource_at_the_path_is_a_404(settings, authorization):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {f"https://{one}.example.com/sync": {} for one in "ab"}
    ours = call("POST", "/sync", host="a.example.com", authorization=authorization)
    assert ours.status_code == (200 if authorization else 401)
    for host in ("c.example.com", LONG):
        response = call("POST", "/sync", host=host, authorization=authorization)
        assert readable(response) == (404, {"error": "not_found"})
