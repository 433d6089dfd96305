"""Queries and bodies that cannot be read: a 400 in JSON, and only behind a right token."""

from __future__ import annotations

import asyncio

import pytest
from django.http import JsonResponse, UnreadablePostError
from django.test import AsyncClient, Client
from django.urls import path
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.protection import BearerProtection, BearerRequiredMixin, bearer_required
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.www_authenticate import parse
from tests import ORIGIN, PRM

URL = f"{ORIGIN}{PRM}/mcp"


def verify(request, token, resource):
    if token not in ("right", "poor"):
        raise InvalidToken("Not that one")
    return {"sub": "7", "scope": "mcp" if token == "right" else "other"}


PROTECTION = BearerProtection("/mcp", scope="mcp", verify=verify)


@bearer_required("/mcp", scope="mcp", verify=verify)
def function(request):
    """Read everything, as views do."""
    return JsonResponse({"read": len(request.GET) + len(request.POST) + len(request.body)})


@bearer_required("/mcp", scope="mcp", verify=verify)
async def coroutine(request):
    return JsonResponse({"read": len(request.GET) + len(request.POST) + len(request.body)})


class Mixed(BearerRequiredMixin, View):
    protection = PROTECTION

    def post(self, request):
        return JsonResponse({"read": len(request.GET) + len(request.POST) + len(request.body)})


class Authentication(BearerAuthentication):
    protection = BearerProtection("/mcp", scope="mcp", verify=verify)


class API(BearerViewMixin, APIView):
    authentication_classes = [Authentication]
    permission_classes = [HasScope]

    def post(self, request):
        return Response({"read": len(request.query_params) + len(request.data)})


@bearer_required("/mcp", verify=verify)
def interrupted(request):
    raise UnreadablePostError("the client is gone")


@bearer_required("/mcp", verify=verify)
def broken(request):
    raise LookupError("a fault of the view")


urlpatterns = [
    path("function", function),
    path("coroutine", coroutine),
    path("mixed", Mixed.as_view()),
    path("drf", API.as_view()),
    path("interrupted", interrupted),
    path("broken", broken),
]
VIEWS = ["function", "coroutine", "mixed", "drf"]
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="x"; filename="y"\r\n\r\n1\r\n'

REQUESTS = {
    "fields of the query": ("?" + "x=1&" * 1001, "application/json", b"{}"),
    "fields of the form": ("", FORM, b"x=1&" * 1001),
    "large form": ("", FORM, b"x=" + b"1" * 2_700_000),
    "form in another charset": ("", f"{FORM}; charset=utf-16", b"x=1"),
    "charset that is not for text": ("", f"{FORM}; charset=hex", b"x=1"),
    "parts in a charset that is not for text": ("", f"{PARTS}; charset=hex", PART + b"--b--\r\n"),
    "parts in a charset that replaces nothing": (
        "",
        f"{PARTS}; charset=idna",
        PART + b"--b--\r\n",
    ),
    "fields of parts": ("", PARTS, PART * 1001 + b"--b--\r\n"),
    "files of parts": ("", PARTS, FILE * 101 + b"--b--\r\n"),
    "parts without a boundary": ("", "multipart/form-data", b"x"),
}
# REST framework reads a body of any size, and has its own answer to the last request.
PLAIN = ("function", "coroutine", "mixed")
CASES = [
    pytest.param(view, *parts, id=f"{view}: {name}")
    for view in ("function", "drf")
    for name, parts in REQUESTS.items()
    if view in PLAIN or name != "parts without a boundary"
]
FIELDS = REQUESTS["fields of the form"]
CASES += [pytest.param(view, *FIELDS, id=view) for view in ("coroutine", "mixed")]
LONG = b'"' + b"x" * 2_700_000 + b'"'
CASES.append(pytest.param("function", "", "application/json", LONG, id="function: JSON"))


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = []


def post(url, content_type, body, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    client = Client(raise_request_exception=False)
    return client.generic("POST", url, body, content_type, headers=headers)


def assert_whole(response):
    """Check the headers and the body that every refusal has."""
    [challenge] = parse(response["WWW-Authenticate"])
    assert challenge.parameters["resource_metadata"] == URL
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    return challenge.parameters


@pytest.mark.django_db
@pytest.mark.parametrize(("view", "query", "content_type", "body"), CASES)
def test_right_token_gets_a_400_in_json(view, query, content_type, body):
    response = post(f"/{view}{query}", content_type, body, "right")
    parameters = assert_whole(response)
    assert (response.status_code, parameters["error"]) == (400, "invalid_request")
    assert "error_description" in parameters


@pytest.mark.django_db
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("token", [None, "wrong"])
def test_token_is_judged_before_anything_is_read(view, token):
    for name in ("fields of the query", "fields of the form"):
        query, content_type, body = REQUESTS[name]
        response = post(f"/{view}{query}", content_type, body, token)
        assert_whole(response)
        assert response.status_code == 401


@pytest.mark.parametrize("view", PLAIN)
def test_scope_is_judged_before_anything_is_read(view):
    response = post(f"/{view}", FORM, b"x=1&" * 1001, "poor")
    assert (response.status_code, assert_whole(response)["error"]) == (403, "insufficient_scope")


async def _ask(name, token):
    query, content_type, body = REQUESTS[name]
    headers = {"authorization": f"Bearer {token}"}
    client = AsyncClient(raise_request_exception=False)
    return await client.generic("POST", f"/coroutine{query}", body, content_type, headers=headers)


@pytest.mark.parametrize(("token", "status"), [("right", 400), ("wrong", 401)])
@pytest.mark.parametrize("name", ["fields of the query", "large form", "fields of parts"])
def test_asgi_answers_alike(name, token, status):
    response = asyncio.run(_ask(name, token))
    assert_whole(response)
    assert response.status_code == status


def test_connection_that_ends_in_the_body_is_no_fault_of_the_site():
    response = post("/interrupted", "application/json", b"", "right")
    assert (response.status_code, assert_whole(response)["error"]) == (400, "invalid_request")


def test_unreadable_request_for_a_disabled_resource_is_a_404(settings, rf):
    settings.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    response = PROTECTION.refuse_unreadable(rf.post("/mcp"), UnreadablePostError("gone"))
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")


def test_lookup_error_of_a_view_stays_a_fault_of_the_view():
    assert post("/broken", "application/json", b"", "right").status_code == 500


def test_log_says_what_could_not_be_read(caplog):
    post("/function", FORM, b"x=1&" * 1001, "right")
    [record] = [one for one in caplog.records if getattr(one, "event", "") == "request.unreadable"]
    assert "DATA_UPLOAD_MAX_NUMBER_FIELDS" in record.getMessage()
    assert (record.status_code, record.request.path) == (400, "/function")
