"""No cache that other users share keeps the answer to a token, not even Django's own."""

from __future__ import annotations

import asyncio

import pytest
from django.core.cache import caches
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.challenge import insufficient_scope, unauthorized
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequiredMixin,
    bearer_required,
    protect,
)
from mcp_oauth_discovery.signing import InvalidToken
from tests import ORIGIN


def verify(request, token, resource):
    if token not in ("ada", "bob"):
        raise InvalidToken("Not that one")
    return {"sub": token, "scope": "mcp"}


PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify)
decorate = bearer_required("/mcp", scope="mcp", verify=verify)


def hello(request):
    return HttpResponse(request.mcp_claims["sub"])


async def ahello(request):
    return HttpResponse(request.mcp_claims["sub"])


def public(request):
    response = HttpResponse(request.mcp_claims["sub"])
    response["Cache-Control"] = "public, max-age=600, s-maxage=600"
    response["CDN-Cache-Control"] = "max-age=600"
    response["Vary"] = "Accept"
    return response


class Mixed(BearerRequiredMixin, View):
    protection = PROTECTION

    def get(self, request):
        return hello(request)


@method_decorator([cache_page(600), decorate], name="dispatch")
class Dispatched(View):
    def get(self, request):
        return hello(request)


class Authentication(BearerAuthentication):
    protection = PROTECTION


class Theirs(BaseAuthentication):
    def authenticate(self, request):
        if "authorization" not in request.headers:
            return None
        claims = verify(request, request.headers["authorization"].removeprefix("Bearer "), "")
        return type("User", (), {"is_authenticated": True})(), claims


class Foreign(BearerChallengeMixin, Theirs):
    protection = PROTECTION


class Own(BearerChallengeMixin, BaseAuthentication):
    """Authenticates by itself; the permission class is ours."""

    protection = PROTECTION

    def authenticate(self, request):
        return Theirs().authenticate(request)


class API(APIView):
    authentication_classes = [Authentication]
    permission_classes = [HasScope]

    def get(self, request):
        return Response(request.auth["sub"])


class ForeignAPI(API):
    authentication_classes = [Foreign]
    permission_classes = [IsAuthenticated]


class OwnAPI(API):
    authentication_classes = [Own]


class WholeAPI(BearerViewMixin, API):
    pass


class PublicAPI(API):
    def get(self, request):
        return Response(request.auth["sub"], headers={"Cache-Control": "public, max-age=600"})


@api_view(["GET"])
@authentication_classes([Authentication])
@permission_classes([HasScope])
def api_function(request):
    return Response(request.auth["sub"])


VIEWS = {
    "function": decorate(hello),
    "async": decorate(ahello),
    "public": decorate(public),
    "class": Mixed.as_view(),
    "dispatch": Dispatched.as_view(),
    "page outside": cache_page(600)(decorate(hello)),
    "page outside, public": cache_page(600)(decorate(public)),
    "page inside": decorate(cache_page(600)(hello)),
    "drf": API.as_view(),
    "drf, foreign": ForeignAPI.as_view(),
    "drf, own": OwnAPI.as_view(),
    "drf, whole": WholeAPI.as_view(),
    "drf, public": PublicAPI.as_view(),
    "drf, page": cache_page(600)(API.as_view()),
    "drf, function": api_function,
}


def says(cache_control=None, status=200, **headers):
    """Return a protected view whose answer has a `Cache-Control` of its own."""
    if cache_control is not None:
        headers["Cache-Control"] = cache_control
    return decorate(lambda request: HttpResponse("x", status=status, headers=headers))


def stream(request):
    return StreamingHttpResponse(iter([b"x"]))


async def astream(request):
    async def parts():
        yield b"x"

    return StreamingHttpResponse(parts())


OWN = {
    "nothing": (None, "private"),
    "age": ("max-age=60", "max-age=60, private"),
    "public": ("public, max-age=60", "max-age=60, private"),
    "shared": ("s-maxage=60, Public", "private"),
    "private": ("private, max-age=60", "private, max-age=60"),
    "fields": ('private="set-cookie"', "private"),
    "never": ("no-store", "no-store"),
    "never at all": ("No-Store, public", "No-Store"),
    "again": ("no-cache", "no-cache, private"),
    "nonsense": (", ;=x,, max-age=soon", ";=x, max-age=soon, private"),
}
urlpatterns = [path(name, view) for name, view in VIEWS.items()]
urlpatterns += [path(f"own/{name}", says(own)) for name, (own, _) in OWN.items()]
urlpatterns += [
    path("other/created", says(status=201)),
    path("other/absent", says(status=404)),
    path("other/stream", decorate(stream)),
    path("other/astream", decorate(astream)),
    path("other/file", decorate(lambda request: FileResponse(iter([b"x"])))),
    path("vary/accept", says(Vary="Accept")),
    path("vary/all", says(Vary="*")),
    path("vary/given", says(Vary="authorization")),
    path("hand/401", protect(lambda request: unauthorized(request), PROTECTION)),
    path("hand/403", protect(lambda request: insufficient_scope(request, "more"), PROTECTION)),
]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCE = f"{ORIGIN}/mcp"
    settings.MIDDLEWARE = []
    caches["default"].clear()


@pytest.fixture
def site_cache(settings):
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]


def get(url, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client().get(f"/{url}", headers=headers)


def assert_each_user_gets_their_own(url):
    for token in ("ada", "bob", "ada"):
        response = get(url, token)
        assert response.status_code == 200
        assert response.content.decode().strip('"') == token
    assert get(url).status_code in (401, 403)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["function", "async", "public", "class", "drf", "drf, whole"])
def test_answer_of_one_user_reaches_no_other_through_the_cache_of_the_site(site_cache, name):
    assert_each_user_gets_their_own(name)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["dispatch", "page outside", "page outside, public", "page inside", "drf, page"]
)
def test_answer_of_one_user_reaches_no_other_through_a_cached_page(name):
    assert_each_user_gets_their_own(name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", VIEWS)
def test_answer_is_marked_as_that_of_one_token(name):
    response = get(name, "ada")
    assert "private" in response["Cache-Control"].split(", ")
    assert "public" not in response["Cache-Control"]
    assert "Authorization" in response["Vary"].split(", ")


async def _aget(url):
    return await AsyncClient().get(url, headers={"authorization": "Bearer ada"})


@pytest.mark.parametrize("url", ["/function", "/async", "/public", "/other/astream"])
def test_answer_is_marked_under_asgi(url):
    response = asyncio.run(_aget(url))
    assert "private" in response["Cache-Control"].split(", ")
    assert "Authorization" in response["Vary"]


@pytest.mark.parametrize(("name", "expected"), {name: own[1] for name, own in OWN.items()}.items())
def test_lifetime_of_the_view_stays_for_private_caches_alone(name, expected):
    assert get(f"own/{name}", "ada")["Cache-Control"] == expected


def test_lifetime_for_a_network_of_caches_is_taken_away():
    assert "CDN-Cache-Control" not in get("public", "ada")


@pytest.mark.parametrize("name", ["created", "absent", "stream", "astream", "file"])
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_every_kind_of_answer_is_marked(name):
    response = get(f"other/{name}", "ada")
    assert response["Cache-Control"] == "private"
    assert response["Vary"] == "Authorization"


@pytest.mark.parametrize(
    ("name", "expected"),
    {"accept": "Accept, Authorization", "all": "*", "given": "authorization"}.items(),
)
def test_vary_of_the_view_is_kept(name, expected):
    assert get(f"vary/{name}", "ada")["Vary"] == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "token"),
    [("function", None), ("function", "eve"), ("hand/401", "ada"), ("hand/403", "ada")],
)
def test_refusal_is_stored_nowhere_and_varies(url, token):
    response = get(url, token)
    assert response["Cache-Control"] == "no-store"
    assert "Authorization" in response["Vary"]
