"""`bearer_required` and `BearerRequiredMixin` on views behind a full stack of middleware."""

from __future__ import annotations

import asyncio
from functools import wraps

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from mcp_oauth_discovery.challenge import insufficient_scope
from mcp_oauth_discovery.protection import (
    BearerProtection,
    BearerRequiredMixin,
    bearer_required,
    find_user,
    protect,
)
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM

URL = f"{ORIGIN}{PRM}/mcp"
RIGHT = {"authorization": "Bearer right"}


def verify(request, token, resource):
    if token != "right":
        raise InvalidToken("Not that one")
    return {"sub": "7", "scope": "mcp", "resource": resource}


PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify)


def hello(request, name="you"):
    """Say hello."""
    return JsonResponse({"sub": request.mcp_claims["sub"], "name": name})


async def ahello(request, name="you"):
    return hello(request, name)


class Hello(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request, name="you"):
        return hello(request, name)


class AsyncHello(BearerRequiredMixin, View):
    protection = PROTECTION

    async def post(self, request, name="you"):
        return hello(request, name)


class Unprotected(View):
    def post(self, request, name="you"):
        return hello(request, name)


class Server:
    """A view that is an object, as the servers of django-mcpz are."""

    def __call__(self, request, name="you"):
        return hello(request, name)


class AsyncServer:
    async def __call__(self, request, name="you"):
        return hello(request, name)


class AsyncUnprotected(View):
    async def post(self, request, name="you"):
        return hello(request, name)


def passing(view):
    """Decorate a view as those do that know nothing of async."""

    @wraps(view)
    def passed(*args, **kwargs):
        return view(*args, **kwargs)

    return passed


def dispatching(view, *decorators):
    """Return a subclass of a view whose `dispatch` is decorated."""
    decorated = type("Decorated", (view,), {})
    return method_decorator(decorators, name="dispatch")(decorated)


def answer(status, **headers):
    """Return a view that answers whoever was let in."""

    def view(request):
        return HttpResponse(status=status, headers=headers)

    return protect(view, PROTECTION)


def more(request):
    return insufficient_scope(request, "admin", resource="/mcp")


def stream(request):
    return StreamingHttpResponse(iter([b"x"]), status=401)


async def abusy(request):
    return HttpResponse(status=401, headers={"WWW-Authenticate": "Basic realm=x"})


decorate = bearer_required("/mcp", scope="mcp", verify=verify)
VIEWS = {
    "sync": decorate(hello),
    "async": decorate(ahello),
    "class": Hello.as_view(),
    "async-class": AsyncHello.as_view(),
    "given": type("Given", (BearerRequiredMixin, Unprotected), {}).as_view(protection=PROTECTION),
    "object": decorate(Server()),
    "async-object": decorate(AsyncServer()),
    "dispatch": dispatching(Unprotected, decorate).as_view(),
    "async-dispatch": dispatching(AsyncUnprotected, decorate).as_view(),
    "async-dispatch-of-two": dispatching(AsyncUnprotected, decorate, passing).as_view(),
}
urlpatterns = [
    *[path(f"{name}/<name>", view) for name, view in VIEWS.items()],
    path("bare", answer(401)),
    path("basic", answer(401, **{"WWW-Authenticate": 'Basic realm="x"'})),
    path("bearer", answer(401, **{"WWW-Authenticate": "bearer SCOPE=own"})),
    path("broken", answer(401, **{"WWW-Authenticate": 'Bearer realm="x'})),
    path("origin", answer(403)),
    path("broken-403", answer(403, **{"WWW-Authenticate": 'Bearer realm="x'})),
    path("basic-403", answer(403, **{"WWW-Authenticate": 'Basic realm="x'})),
    path("scope", answer(403, **{"WWW-Authenticate": 'Bearer error="insufficient_scope"'})),
    path("ok", answer(200, **{"WWW-Authenticate": "Bearer x=y"})),
    path("more", protect(more, PROTECTION)),
    path("stream", protect(stream, PROTECTION)),
    path("abusy", protect(abusy, PROTECTION)),
]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]


async def _request(method, url, headers):
    client = AsyncClient(enforce_csrf_checks=True)
    return await client.generic(method, url, headers=headers)


BOTH_STACKS = pytest.mark.parametrize("call", ["wsgi", "asgi"], indirect=True)


@pytest.fixture
def call(request, db):
    """Return a function that sends a request through the whole stack, CSRF checks included."""
    stack = getattr(request, "param", "wsgi")

    def call(method, url, headers=None):
        if stack == "asgi":
            return asyncio.run(_request(method, url, headers or {}))
        return Client(enforce_csrf_checks=True).generic(method, url, headers=headers or {})

    return call


EVERY_VIEW = pytest.mark.parametrize("name", VIEWS)


@BOTH_STACKS
@EVERY_VIEW
def test_right_token_reaches_the_view_past_csrf_and_login(call, name):
    response = call("POST", f"/{name}/ada", RIGHT)
    assert (response.status_code, response.json()) == (200, {"sub": "7", "name": "ada"})
    assert "WWW-Authenticate" not in response


@BOTH_STACKS
@EVERY_VIEW
def test_every_view_is_challenged_before_dispatch(call, name):
    response = call("DELETE", f"/{name}/ada")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == f'Bearer resource_metadata="{URL}", scope="mcp"'
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW"])
def test_every_method_is_challenged(db, client, method):
    assert client.generic(method, "/class/ada").status_code == 401


@BOTH_STACKS
@pytest.mark.parametrize("name", ["sync", "async-class"])
def test_wrong_token_does_not_reach_the_view(call, name):
    response = call("POST", f"/{name}/ada", {"authorization": "Bearer wrong"})
    assert (response.status_code, response.json()) == (
        401,
        {"error": "invalid_token", "error_description": "Not that one"},
    )


@BOTH_STACKS
@pytest.mark.parametrize("name", ["sync", "async-class"])
@pytest.mark.parametrize("headers", [{}, RIGHT], ids=["without", "with"])
def test_options_is_answered_without_a_challenge(call, name, headers):
    response = call("OPTIONS", f"/{name}/ada", headers)
    assert (response.status_code, response.content) == (204, b"")
    assert "authorization" in response["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize("name", ["class", "async-class", "dispatch", "async-dispatch"])
def test_method_that_the_view_has_not_is_a_405_for_who_was_let_in(call, name):
    response = call("GET", f"/{name}/ada", RIGHT)
    assert (response.status_code, "WWW-Authenticate" in response) == (405, False)


@pytest.mark.parametrize("view", [Unprotected, AsyncUnprotected])
def test_one_method_of_a_view_may_be_decorated(view):
    one = type("One", (view,), {"post": method_decorator(decorate)(view.post)}).as_view()
    if view is AsyncUnprotected:
        one = async_to_sync(one)
    assert one(RequestFactory().post("/mcp")).status_code == 401
    assert one(RequestFactory().post("/mcp", headers=RIGHT)).status_code == 200


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://client.example.com",) * 2, ("https://other.example.com", "*")]
)
def test_cors_headers_and_the_challenge_go_together(call, origin, allowed):
    response = call("POST", "/sync/ada", {"origin": origin})
    assert response["Access-Control-Allow-Origin"] == allowed
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"


@pytest.mark.parametrize(
    "origin", [None, "https://client.example.com", "https://other.example.com"]
)
def test_answers_vary_by_origin_if_their_cors_headers_do(call, origin):
    headers = {"origin": origin} if origin else {}
    for token in ({}, RIGHT):
        response = call("POST", "/sync/ada", {**headers, **token})
        assert "origin" in response["Vary"].lower().split(", ")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "query", "body"),
    [
        (FORM, "", b"\xff=%ff&&=;" * 10),
        (FORM, "", b"x=1&" * 2000),
        (FORM, "", b"x" * 3_000_000),
        (f"{FORM}; charset=utf-16", "", b"x=y"),
        (f"{FORM}; charset=nonsense", "", b"x=y"),
        ("multipart/form-data", "", b"no boundary"),
        ("", "?" + "x=1&" * 2000, b""),
        ("", "?%ff=%00&access_token", b""),
    ],
)
def test_form_or_query_that_is_none_is_no_fault_of_the_site(db, content_type, query, body):
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", f"/sync/ada{query}", body, content_type, headers=RIGHT)
    assert answer.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    ("url", "challenge"),
    {
        "/bare": f'Bearer resource_metadata="{URL}", scope="mcp"',
        "/basic": f'Bearer resource_metadata="{URL}", scope="mcp", Basic realm="x"',
        "/bearer": f'Bearer resource_metadata="{URL}", scope="own"',
        "/broken": f'Bearer resource_metadata="{URL}", scope="mcp"',
        "/stream": f'Bearer resource_metadata="{URL}", scope="mcp"',
        "/abusy": f'Bearer resource_metadata="{URL}", scope="mcp", Basic realm=x',
    }.items(),
)
def test_401_of_the_view_gets_what_its_challenge_lacks(call, url, challenge):
    response = call("POST", url, RIGHT)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, challenge)
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("url", "parameters"),
    {
        "/scope": {"resource_metadata": URL, "scope": "mcp", "error": "insufficient_scope"},
        "/broken-403": {"resource_metadata": URL, "scope": "mcp"},
        "/more": {"resource_metadata": URL, "scope": "admin", "error": "insufficient_scope"},
    }.items(),
)
def test_403_for_want_of_scope_has_one_whole_challenge(call, url, parameters):
    response = call("POST", url, RIGHT)
    [challenge] = parse(response["WWW-Authenticate"])
    assert (response.status_code, challenge.parameters) == (403, parameters)
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", ["/origin", "/basic-403", "/ok"])
def test_answer_that_is_not_about_tokens_is_passed_on(call, url):
    response = call("POST", url, RIGHT)
    assert response.get("WWW-Authenticate") in (None, 'Basic realm="x', "Bearer x=y")
    assert "Access-Control-Expose-Headers" not in response


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["sync", "class"])
def test_session_is_no_way_in(client, django_user_model, name):
    client.force_login(django_user_model.objects.create_user("ada"))
    assert client.post(f"/{name}/ada").status_code == 401


def test_view_keeps_its_name_and_its_attributes():
    assert VIEWS["sync"].__name__ == "hello"
    assert VIEWS["sync"].__doc__ == "Say hello."
    assert VIEWS["class"].view_class is Hello


def test_mixin_protects_the_default_resource_by_itself(rf):
    view = type("Bare", (BearerRequiredMixin, Unprotected), {}).as_view()
    response = view(rf.get("/anything"))
    assert response["WWW-Authenticate"] == f'Bearer resource_metadata="{URL}"'


@pytest.mark.parametrize("view", [View, Unprotected])
def test_mixin_after_view_is_refused_when_the_class_is_made(view):
    written = rf"Write class Late\(BearerRequiredMixin, {view.__name__}\)"
    with pytest.raises(TypeError, match=written):
        type("Late", (view, BearerRequiredMixin), {})


def test_decorator_without_parentheses_says_what_to_write():
    with pytest.raises(TypeError, match=r"Write @bearer_required\(\)"):
        bearer_required(hello)


def test_decorator_hands_on_every_argument():
    given = {"scope": "mcp", "verify": verify, "user": find_user, "repeat_granted": True}
    assert bearer_required("/mcp", **given)(hello).protection == BearerProtection("/mcp", **given)
