"""django-ninja, the real one, behind the same challenges."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from ninja import Form, NinjaAPI, Router, Schema
from ninja.decorators import decorate_view
from ninja.errors import HttpError
from ninja.security import APIKeyHeader
from ninja.testing import TestClient

from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.protection import BearerProtection, bearer_required, find_user
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM

pytestmark = pytest.mark.django_db

URL = f"{ORIGIN}{PRM}/mcp"


def verify(request, token, resource):
    claims = {
        "right": {"sub": "7", "scope": "mcp"},
        "poor": {"sub": "7", "scope": "other"},
        "empty": {},
    }
    if token not in claims:
        raise InvalidToken("Not that one")
    return claims[token]


PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify)
BY_USER = BearerProtection("/mcp", verify=verify, user=lambda request, claims: "ada")
api = NinjaAPI(auth=BearerAuth(PROTECTION))


class Key(APIKeyHeader):
    param_name = "x-key"

    def authenticate(self, request, key):
        return key == "key" and "program"


class Item(Schema):
    name: str


def reading(request):
    return {"auth": request.auth, "claims": request.mcp_claims}


@api.post("/sync")
def sync(request):
    return reading(request)


@api.post("/async")
async def coroutine(request):
    return reading(request)


@api.get("/async")
def beside_async(request):
    return reading(request)


@api.post("/user", auth=BearerAuth(BY_USER))
def by_user(request):
    return {"auth": request.auth, "user": request.user, "claims": request.mcp_claims}


@api.post("/empty", auth=BearerAuth(BearerProtection("/mcp", verify=verify)))
def empty(request):
    return reading(request)


@api.post("/open", auth=None)
def opened(request):
    return {"open": True}


@api.get("/half", auth=None)
def half(request):
    return {"open": True}


@api.post("/half")
def other_half(request):
    return reading(request)


@api.post("/key", auth=[Key(), BearerAuth(PROTECTION)])
def with_key(request):
    return {"auth": request.auth}


@api.post("/over", auth=None)
@bearer_required("/mcp", scope="mcp", verify=verify)
def over(request):
    return {"claims": request.mcp_claims}


@api.post("/decorated", auth=None)
@decorate_view(bearer_required("/mcp", scope="mcp", verify=verify))
def decorated(request):
    return {"claims": request.mcp_claims}


@api.post("/own/{int:status}")
def own(request, status: int):
    raise HttpError(status, "of the endpoint")


@api.post("/public")
def public(request, response=None):
    answer = api.create_response(request, {"sub": request.auth["sub"]}, status=200)
    answer["Cache-Control"] = "public, max-age=60"
    return answer


@api.post("/stream")
def stream(request):
    return StreamingHttpResponse(iter([b"x"]))


@api.post("/json")
def from_json(request, item: Item):
    return {"name": item.name}


@api.post("/form")
def from_form(request, name: Form[str]):
    return {"name": name}


@api.api_operation(["OPTIONS"], "/options")
def options(request):
    return {"reached": True}


@api.post("/nowhere", auth=BearerAuth(BearerProtection("/nowhere", verify=verify)))
def nowhere(request):
    return reading(request)


router = Router(auth=BearerAuth(PROTECTION))


@router.post("/routed")
def routed(request):
    return reading(request)


open_api = NinjaAPI(urls_namespace="open", docs_url=None)
open_api.add_router("/inner", router)

urlpatterns = [
    path("", bearer_urls(api)),
    path("open/", include([path("", bearer_urls(open_api))])),
]
READING = ["sync", "async", "open/inner/routed"]
PROTECTED = [*READING, "over", "decorated", "own/200"]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]


async def _asend(method, url, **kwargs):
    return await AsyncClient(enforce_csrf_checks=True).generic(method, url, **kwargs)


BOTH_STACKS = pytest.mark.parametrize("send", ["wsgi", "asgi"], indirect=True)


@pytest.fixture
def send(request):
    """Return a function that sends a request through the whole stack."""
    stack = getattr(request, "param", "wsgi")

    def send(url, token=None, method="POST", data=b"", content_type="application/json", **headers):
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        kwargs = {"data": data, "content_type": content_type, "headers": headers}
        if stack == "asgi":
            return asyncio.run(_asend(method, f"/{url}", **kwargs))
        return Client(enforce_csrf_checks=True).generic(method, f"/{url}", **kwargs)

    return send


def refusal(response):
    """Return status, challenge and body of a refusal that has everything."""
    [challenge] = parse(response["WWW-Authenticate"])
    assert challenge.parameters["resource_metadata"] == URL
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    assert response["Content-Type"].partition(";")[0] == "application/json"
    return response.status_code, challenge.parameters.get("error"), json.loads(response.content)


@BOTH_STACKS
@pytest.mark.parametrize("url", READING)
def test_right_token_is_let_in_with_its_claims(send, url):
    claims = {"sub": "7", "scope": "mcp"}
    response = send(url, "right")
    assert (response.status_code, response.json()) == (200, {"auth": claims, "claims": claims})
    assert response["Cache-Control"] == "private"
    assert "Authorization" in response["Vary"].split(", ")


@pytest.mark.parametrize("url", PROTECTED)
def test_first_contact_gets_the_challenge(send, url):
    assert refusal(send(url)) == (401, None, {"error": "unauthorized"})


@BOTH_STACKS
@pytest.mark.parametrize(
    ("url", "method"),
    [("sync", "HEAD"), ("sync", "BREW"), ("async", "PUT"), ("over", "PUT"), ("decorated", "PUT")],
)
def test_method_that_the_path_does_not_have_is_challenged_first(send, url, method):
    response = send(url, method=method)
    assert (response.status_code, response["Cache-Control"]) == (401, "no-store")
    assert send(url, "right", method=method).status_code == 405


@pytest.mark.parametrize("url", PROTECTED)
def test_wrong_token_is_refused(send, url):
    body = {"error": "invalid_token", "error_description": "Not that one"}
    assert refusal(send(url, "wrong")) == (401, "invalid_token", body)


@pytest.mark.parametrize("url", PROTECTED)
def test_token_that_lacks_a_scope_is_a_403(send, url):
    assert refusal(send(url, "poor")) == (
        403,
        "insufficient_scope",
        {"error": "insufficient_scope"},
    )


@pytest.mark.parametrize("url", PROTECTED)
def test_options_is_answered_without_a_challenge(send, url):
    response = send(url, method="OPTIONS")
    assert (response.status_code, response.content) == (204, b"")
    assert "authorization" in response["Access-Control-Allow-Headers"].split(", ")


def test_options_never_reaches_a_protected_operation(send):
    assert send("options", method="OPTIONS").status_code == 204


def test_auth_is_the_user_if_the_protection_has_one(send):
    response = send("user", "right")
    assert response.json() == {
        "auth": "ada",
        "user": "ada",
        "claims": {"sub": "7", "scope": "mcp"},
    }


def test_token_without_claims_is_let_in_where_none_are_needed(send):
    assert send("empty", "empty").json() == {"auth": True, "claims": {}}


def test_operation_without_auth_stays_as_it_is(send, settings):
    settings.MIDDLEWARE = []
    response = send("open")
    assert response.json() == {"open": True}
    assert "Vary" not in response
    assert send("open", method="OPTIONS").status_code == 405
    assert send("openapi.json", method="GET").status_code == 200


@BOTH_STACKS
def test_path_may_have_one_operation_without_auth(send, settings):
    settings.MIDDLEWARE = []
    assert send("half", method="GET").json() == {"open": True}
    assert "Vary" not in send("half", method="GET")
    assert refusal(send("half"))[0] == 401
    assert refusal(send("half", method="PUT"))[0] == 401


@pytest.mark.parametrize("url", ["open", "half"])
def test_operation_without_auth_stays_behind_the_login(send, url):
    assert send(url, method="POST" if url == "open" else "GET").status_code == 302


def test_another_way_in_comes_first_in_the_list(send):
    assert send("key", **{"x-key": "key"}).json() == {"auth": "program"}
    assert send("key", "right").json() == {"auth": {"sub": "7", "scope": "mcp"}}
    assert refusal(send("key"))[0] == 401


@pytest.mark.parametrize(("status", "is_challenged"), [(401, True), (403, False), (404, False)])
def test_401_of_the_endpoint_gets_the_challenge(send, status, is_challenged):
    response = send(f"own/{status}", "right")
    assert (response.status_code, "WWW-Authenticate" in response) == (status, is_challenged)
    assert response.json() == {"detail": "of the endpoint"}
    assert "Authorization" in response["Vary"].split(", ")


@pytest.mark.parametrize("url", ["public", "stream"])
def test_answer_of_any_kind_is_for_this_token_alone(send, url):
    response = send(url, "right")
    assert "private" in response["Cache-Control"].split(", ")
    assert "public" not in response["Cache-Control"]
    assert "Authorization" in response["Vary"].split(", ")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("url", "data", "content_type"),
    [
        ("json", b'"' + b"x" * 2_700_000 + b'"', "application/json"),
        ("form", b"name=1&" * 1001, FORM),
        ("form", b"name=1", f"{FORM}; charset=utf-16"),
        ("form", b"name=" + b"1" * 2_700_000, FORM),
        ("form", b"x", "multipart/form-data"),
        ("form?" + "x=1&" * 1001, b"name=1", FORM),
    ],
)
def test_request_that_cannot_be_read_is_a_400_behind_a_right_token(send, url, data, content_type):
    kwargs = {"data": data, "content_type": content_type}
    assert refusal(send(url, "right", **kwargs))[:2] == (400, "invalid_request")
    assert refusal(send(url, "wrong", **kwargs))[0] == 401
    assert refusal(send(url, **kwargs))[0] == 401


def test_resource_that_is_not_configured_is_a_500_as_json(send):
    response = send("nowhere")
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})


def test_token_in_two_places_is_a_bad_request(send):
    assert refusal(send("sync?access_token=x", "right"))[:2] == (400, "invalid_request")


def test_document_of_the_api_has_the_scheme(send, settings):
    settings.MIDDLEWARE = []
    document = send("openapi.json", method="GET").json()
    assert document["components"]["securitySchemes"]["BearerAuth"] == {
        "type": "http",
        "scheme": "bearer",
    }


def test_without_its_urls_the_refusal_is_a_bare_one():
    other = NinjaAPI(urls_namespace="bare", auth=BearerAuth(PROTECTION))
    other.post("/sync")(lambda request: {"reached": True})
    for token, status in (None, 401), ("wrong", 401), ("poor", 403), ("right", 200):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert TestClient(other).post("/sync", headers=headers).status_code == status


def test_protection_is_the_default_one_without_an_argument():
    assert BearerAuth().protection == BearerProtection()
    assert BearerAuth(BearerProtection(user=find_user)).protection.user is find_user
