"""Frameworks that take a true value for the user: no refusal is a true value."""

from __future__ import annotations

import asyncio

import pytest
from django.contrib.auth.decorators import user_passes_test
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.deprecation import MiddlewareMixin
from django_mcpz.server import MCPServer
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view

from mcp_oauth_discovery.protection import BearerProtection, bearer_required, complete, protect
from mcp_oauth_discovery.protection.bearer import Refusal
from mcp_oauth_discovery.signing import InvalidToken
from tests import ORIGIN, PRM

CHALLENGE = f'Bearer resource_metadata="{ORIGIN}{PRM}/mcp", scope="mcp"'


def verify(request, token, resource):
    if token == "empty":
        return {}
    if token != "right":
        raise InvalidToken("Not that one")
    return {"sub": "7", "scope": "mcp"}


PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify)


def secret(request):
    return JsonResponse({"secret": True})


def api_of(**kwargs):
    api = NinjaAPI(docs_url=None, openapi_url=None, **kwargs)

    @api.api_operation(["GET", "POST", "OPTIONS"], "sync")
    def sync(request):
        return {"secret": True}

    @api.api_operation(["GET", "POST", "OPTIONS"], "async")
    async def coroutine(request):
        return {"secret": True}

    return api


inner = Router(auth=PROTECTION)


@inner.api_operation(["GET", "POST", "OPTIONS"], "sync")
def routed(request):
    return {"secret": True}


by_router = NinjaAPI(urls_namespace="router", docs_url=None, openapi_url=None)
by_router.add_router("", inner)

over = NinjaAPI(urls_namespace="over", docs_url=None, openapi_url=None)


@over.api_operation(["GET", "POST", "OPTIONS"], "sync")
@bearer_required("/mcp", scope="mcp", verify=verify)
def plain(request, size: int = 3):
    return {"sub": request.mcp_claims["sub"], "size": size}


@over.api_operation(["GET", "POST", "OPTIONS"], "async")
@bearer_required("/mcp", scope="mcp", verify=verify)
async def aplain(request, size: int = 3):
    return {"sub": request.mcp_claims["sub"], "size": size}


@over.api_operation(["GET", "POST", "OPTIONS"], "tuple", response={202: dict})
@bearer_required("/mcp", scope="mcp", verify=verify)
def with_status(request):
    return 202, {"sub": request.mcp_claims["sub"]}


@over.api_operation(["GET", "POST", "OPTIONS"], "decorated")
@decorate_view(bearer_required("/mcp", scope="mcp", verify=verify))
def decorated(request):
    return {"sub": request.mcp_claims["sub"]}


class Guard:
    """A guard of some framework: `authorize` says who the user is."""

    def __init__(self, authorize):
        self.authorize = authorize

    def __call__(self, view):
        def guarded(request):
            if user := self.authorize(request):
                request.identity = user
                return view(request)
            return HttpResponse(status=401)

        return guarded


urlpatterns = [
    path("api/", api_of(urls_namespace="api", auth=PROTECTION).urls),
    path("list/", api_of(urls_namespace="list", auth=[PROTECTION, PROTECTION]).urls),
    path("await/", api_of(urls_namespace="await", auth=PROTECTION.acheck).urls),
    path("router/", by_router.urls),
    path("over/", over.urls),
    path("user", user_passes_test(PROTECTION)(secret)),
    path("guard", Guard(PROTECTION)(secret)),
    path("right", complete(Guard(PROTECTION.authenticate)(secret), PROTECTION)),
    path("server", MCPServer(name="x", version="1", auth=PROTECTION)),
    path("open", secret),
]
WRONG = ["api/sync", "api/async", "list/sync", "list/async", "await/sync", "await/async"]
WRONG += ["router/sync", "user", "guard"]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCE = f"{ORIGIN}/mcp"
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]


def send(method, url, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False).generic(method, f"/{url}", headers=headers)


async def _asend(method, url, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    client = AsyncClient(raise_request_exception=False)
    return await client.generic(method, f"/{url}", headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "method", "token"),
    [
        *[(url, "POST", "wrong") for url in WRONG],
        ("api/sync", "POST", None),
        ("api/sync", "POST", "empty"),
        ("api/sync", "OPTIONS", None),
        ("user", "OPTIONS", None),
    ],
)
def test_wrong_wiring_lets_no_refused_request_in(url, method, token):
    for response in (send(method, url, token), asyncio.run(_asend(method, url, token))):
        assert response.status_code in (401, 403, 500)
        assert b"secret" not in response.content


@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("judge", [bool, lambda one: not one, lambda one: one or secret, any])
def test_refusal_is_neither_true_nor_false(rf, judge, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    for refusal in (
        PROTECTION(rf.post("/mcp", headers=headers)),
        asyncio.run(PROTECTION.acheck(rf.post("/mcp", headers=headers))),
        PROTECTION(rf.options("/mcp")),
        BearerProtection("/nowhere")(rf.post("/mcp")),
    ):
        with pytest.raises(TypeError, match="Write `if refusal is not None: return refusal`"):
            judge([refusal] if judge is any else refusal)


def test_refusal_is_a_whole_response(rf):
    refusal = PROTECTION(rf.post("/mcp"))
    assert isinstance(refusal, HttpResponse)
    assert (refusal.status_code, refusal["WWW-Authenticate"]) == (401, CHALLENGE)
    assert refusal.content == refusal.response.content
    assert "Content-Type" not in PROTECTION(rf.options("/mcp"))
    assert PROTECTION(rf.head("/mcp")).content == b""


def test_protected_view_sends_a_response_that_middleware_may_judge(rf):
    assert protect(secret, PROTECTION)(rf.post("/mcp"))
    assert not isinstance(protect(secret, PROTECTION)(rf.post("/mcp")), Refusal)


def test_protection_of_a_subclass_may_return_a_response_of_its_own(rf):
    class Closed(BearerProtection):
        def __call__(self, request):
            return super().__call__(request) if request.GET else HttpResponse("closed", status=503)

    assert protect(secret, Closed("/mcp"))(rf.post("/mcp")).status_code == 503
    assert protect(secret, Closed("/mcp"))(rf.post("/mcp?x=1")).status_code == 401


@pytest.mark.parametrize("token", [None, "wrong"])
def test_server_of_django_mcpz_sends_the_refusal_in_both_stacks(token):
    for response in (send("POST", "server", token), asyncio.run(_asend("POST", "server", token))):
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith(f'Bearer resource_metadata="{ORIGIN}')


class Gate(MiddlewareMixin):
    """Has the refusal judged by Django itself, which asks whether a response is true."""

    def process_request(self, request):
        return PROTECTION(request)


class InnerGate(MiddlewareMixin):
    def process_view(self, request, *args):
        return PROTECTION(request)


@pytest.mark.parametrize("gate", ["Gate", "InnerGate"])
def test_middleware_lets_no_refused_request_in(settings, gate):
    settings.MIDDLEWARE = [f"{__name__}.{gate}"]
    assert b"secret" in send("POST", "open", "right").content
    for token in (None, "wrong"):
        assert send("POST", "open", token).status_code == 500


def test_argument_that_is_not_a_request_is_named():
    with pytest.raises(TypeError, match=r"not AnonymousUser\. To protect a view, write @"):
        PROTECTION(AnonymousUser())


# The deprecated form of django-ninja has to work as long as django-ninja has it.
@pytest.mark.filterwarnings("ignore:Returning tuple:DeprecationWarning")
@pytest.mark.parametrize(
    ("url", "answer"),
    {
        "over/sync": (200, {"sub": "7", "size": 3}),
        "over/sync?size=4": (200, {"sub": "7", "size": 4}),
        "over/async": (200, {"sub": "7", "size": 3}),
        "over/tuple": (202, {"sub": "7"}),
        "over/decorated": (200, {"sub": "7"}),
    }.items(),
)
def test_operation_over_the_decorator_answers(url, answer):
    for response in (send("POST", url, "right"), asyncio.run(_asend("POST", url, "right"))):
        assert (response.status_code, response.json()) == answer
    for response in (send("POST", url, None), asyncio.run(_asend("POST", url, None))):
        assert (response.status_code, response["WWW-Authenticate"]) == (401, CHALLENGE)


def test_authenticate_is_for_frameworks_that_take_a_true_value_for_the_user():
    response = send("POST", "right", "right")
    assert response.json() == {"secret": True}
    assert (response["Cache-Control"], response["Vary"]) == ("private", "Authorization")
    assert response.wsgi_request.identity == {"sub": "7", "scope": "mcp"}
    for token in (None, "wrong", "empty"):
        response = send("POST", "right", token)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith(f'Bearer resource_metadata="{ORIGIN}')


def test_authenticate_leaves_the_response_to_send(rf):
    request = rf.post("/mcp")
    assert PROTECTION.authenticate(request) is None
    assert request.mcp_refusal["WWW-Authenticate"] == CHALLENGE
    assert PROTECTION.authenticate(rf.options("/mcp")) is None


def test_authenticate_returns_the_user_if_there_is_one(rf):
    protection = BearerProtection("/mcp", verify=verify, user=lambda request, claims: "ada")
    request = rf.post("/mcp", headers={"authorization": "Bearer right"})
    assert protection.authenticate(request) == "ada"
    assert request.mcp_claims["sub"] == "7"


def test_token_without_claims_is_no_refusal(rf):
    request = rf.post("/mcp", headers={"authorization": "Bearer empty"})
    assert BearerProtection("/mcp", verify=verify).authenticate(request) is True
