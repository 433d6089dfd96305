"""The frameworks and the reference of `docs/challenges.md`: each block is run.

`tests/test_challenges_steps.py` follows its first part.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import AsyncRequestFactory, Client
from django.urls import path
from django.utils.module_loading import import_string
from rest_framework.response import Response

from mcp_oauth_discovery import challenge, rotation
from mcp_oauth_discovery.contrib.rest_framework import exception_handler
from mcp_oauth_discovery.protection import (
    BearerProtection,
    bearer_required,
    find_user,
    protect,
)
from mcp_oauth_discovery.signing import sign_jwt
from tests import ORIGIN, PRM
from tests.markdown import blocks, first_column, headings, read, section

PAGE = read("docs/challenges.md")
URL = f"{ORIGIN}{PRM}/mcp"
FIRST = f'Bearer resource_metadata="{URL}", scope="mcp"'

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SIGNING_ALGORITHMS = ["EdDSA"]


def run(heading, number=0):
    """Return the names that a block of the page defines."""
    names: dict = {}
    code = blocks(section(PAGE, heading), "python")[number]
    exec(compile(code, "docs/challenges.md", "exec"), names)  # noqa: S102
    return SimpleNamespace(**names)


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def right(user):
    """The headers of a request that is to be let in."""
    rotation.rotate("EdDSA")
    claims = {"sub": str(user.pk), "aud": f"{ORIGIN}/mcp", "scope": "mcp"}
    token = sign_jwt({**claims, "exp": int(time.time()) + 600})
    return {"authorization": f"Bearer {token}"}


def test_contents_are_the_headings():
    contents = PAGE.partition("\n## ")[0]
    assert re.findall(r"^- \[(.+)\]\(#", contents, re.M) == headings(PAGE, 2)


@pytest.mark.django_db(transaction=True)
def test_class_based_view(right, user):
    view = run("Async and class-based views").MCPView.as_view()
    requests = AsyncRequestFactory()
    assert asyncio.run(view(requests.get("/mcp")))["WWW-Authenticate"] == FIRST
    response = asyncio.run(view(requests.post("/mcp", headers=right)))
    assert json.loads(response.content) == {"hello": str(user.pk)}


@pytest.mark.parametrize("function", [BearerProtection, bearer_required])
def test_arguments_are_those_of_both(function):
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", section(PAGE, "All arguments"), re.M)
    parameters = inspect.signature(function).parameters
    assert [name for name, _ in rows] == list(parameters)
    for name, default in rows:
        value = parameters[name].default
        assert default == getattr(value, "__name__", repr(value))


def rpc(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_django_mcpz_server(rf, right, user):
    server = run("Protect a django-mcpz server").server
    assert server(rf.post("/mcp"))["WWW-Authenticate"] == FIRST
    message = rpc("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo={})
    message["params"]["clientInfo"] = {"name": "test", "version": "1"}
    request = rf.post("/mcp", json.dumps(message), "application/json", headers=right)
    assert json.loads(server(request).content)["result"]["serverInfo"]["name"] == "files"
    assert request.user == user
    assert server(rf.get("/mcp")).status_code == 405
    assert protect(server, server.auth)(rf.get("/mcp"))["WWW-Authenticate"] == FIRST


def opened(heading, *changes):
    """Return what a block of the page defines if its protection is open for `ping`."""
    code = blocks(section(PAGE, heading), "python")[0]
    for old, new in [("user=find_user)", 'user=find_user, public=["ping"])'), *changes]:
        assert old in code
        code = code.replace(old, new)
    names: dict = {}
    exec(compile(code, "docs/challenges.md", "exec"), names)  # noqa: S102
    return SimpleNamespace(**names)


PING = json.dumps(rpc("ping"))
# Claims of requests without a token have no `sub`.
ANONYMOUS = [
    ("request.auth.get_username()", "str(request.auth)"),
    ('mcp_claims["sub"]', 'mcp_claims.get("sub")'),
]


def test_django_mcpz_server_opens_operations_and_answers_get_with_405(rf):
    server = opened("Protect a django-mcpz server").server
    assert server(rf.post("/mcp", PING, "application/json")).status_code == 200
    assert server(rf.get("/mcp")).status_code == 405


def test_open_operation_of_rest_framework_has_no_auth(rf):
    view = opened("Protect a REST framework view").MCPView
    view.post = lambda self, request: Response([request.auth, str(request.user)])
    answer = view.as_view()(rf.post("/mcp", PING, "application/json"))
    assert answer.data == [None, "AnonymousUser"]


def test_open_operation_of_django_ninja_has_an_anonymous_user(settings, client):
    page = opened("Protect an API of django-ninja", *ANONYMOUS)
    settings.ROOT_URLCONF = tuple(page.urlpatterns)
    answer = client.post("/mcp", PING, "application/json")
    assert answer.json() == {"hello": "AnonymousUser", "sub": None}


@pytest.mark.parametrize("user", [None, find_user])
def test_framework_gets_a_true_value_for_an_open_operation(rf, user):
    protection = BearerProtection("/mcp", user=user, public=["ping"])
    identity = protection.authenticate(rf.post("/mcp", PING, "application/json"))
    assert str(identity) == ("AnonymousUser" if user else "True")


def test_rest_framework_handler_is_there():
    [name] = run("Protect a REST framework view", 1).REST_FRAMEWORK.values()
    assert import_string(name) is exception_handler


def test_rest_framework_view(rf, right, user):
    view = run("Protect a REST framework view").MCPView.as_view()
    refusal = view(rf.post("/mcp"))
    assert (refusal.status_code, refusal["WWW-Authenticate"]) == (401, FIRST)
    assert refusal["Cache-Control"] == "no-store"
    answer = view(rf.post("/mcp", headers=right))
    assert answer.data == {"hello": "ada", "sub": str(user.pk)}
    assert view(rf.options("/mcp", headers=right)).status_code == 204


def test_challenges_by_hand(rf, user):
    report = run("By hand").report
    request = rf.get("/mcp")
    request.user = AnonymousUser()
    assert report(request).status_code == 401
    request.user = user
    assert report(request).status_code == 403
    user.is_superuser = True
    assert report(request).status_code == 200


@pytest.mark.parametrize("signature", first_column(section(PAGE, "By hand")))
def test_signatures_are_as_written(signature):
    name, _, arguments = signature.partition("(")
    parameters = inspect.signature(getattr(challenge, name)).parameters.values()
    written = [one.partition("=")[0] for one in arguments[:-1].split(", ") if one != "*"]
    assert written == [one.name for one in parameters]
    assert {one.default for one in parameters} <= {None, inspect.Parameter.empty}


def test_view_of_another_framework(rf, right, user):
    view = run("Protect a view of another framework").mcp
    assert view(rf.post("/mcp"))["WWW-Authenticate"] == FIRST
    assert json.loads(view(rf.post("/mcp", headers=right)).content) == {"hello": str(user.pk)}


def test_view_of_another_framework_gets_no_csrf_page(settings, right):
    view = run("Protect a view of another framework").mcp
    # The resolver asks for it, and a block of the page has none.
    view.__module__ = __name__
    settings.ROOT_URLCONF = (path("mcp", view),)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/mcp").status_code == 401
    assert strict.post("/mcp", headers=right).status_code == 200


def test_api_of_django_ninja(settings, client, right, user):
    page = run("Protect an API of django-ninja")
    settings.ROOT_URLCONF = tuple(page.urlpatterns)
    refusal = client.post("/mcp")
    assert (refusal.status_code, refusal["WWW-Authenticate"]) == (401, FIRST)
    answer = client.post("/mcp", headers=right)
    assert answer.json() == {"hello": "ada", "sub": str(user.pk)}
    assert client.options("/mcp").status_code == 204


def test_view_with_types(rf, right, user):
    view = run("Async and class-based views", 1).mcp
    assert view(rf.post("/mcp"))["WWW-Authenticate"] == FIRST
    assert view(rf.post("/mcp", headers=right)).content.decode() == str(user.pk)
