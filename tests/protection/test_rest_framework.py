"""What REST framework adds: the scope of a view, and other ways in beside the token."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from mcp_oauth_discovery.contrib.rest_framework import BearerChallengeMixin, exception_handler
from mcp_oauth_discovery.protection import scope_by_tool
from mcp_oauth_discovery.signals import token_accepted, token_refused
from tests.protection import ways
from tests.protection.conftest import call, challenge, message

pytestmark = pytest.mark.django_db


class Session(BaseAuthentication):
    """Authenticates every request that has a cookie, as a session does."""

    def authenticate(self, request):
        return ("ada", None) if "cookie" in request.headers else None


class OwnAuthentication(BaseAuthentication):
    """A class of the project, whose token has the scope `mcp`."""

    def authenticate(self, request):
        return "ada", {"scope": "mcp"}


class Own(BearerChallengeMixin, OwnAuthentication):
    protection = ways.PROTECTION


def ask(base=ways.Mixed, body=None, scopes=None, headers=None, **attributes):
    """Return the response of a view that is like another one, but for some attributes."""
    view = type("Asked", (base,), attributes).as_view()
    headers = {**(headers or {}), **({"authorization": f"Bearer {scopes}"} if scopes else {})}
    data = body if isinstance(body, bytes) else json.dumps(body)
    factory = APIRequestFactory(headers=headers)
    response = view(factory.generic("POST", "/mcp", data, "application/json", secure=True))
    return response.render() if isinstance(response, Response) else response


def test_scope_of_the_view_may_be_a_callable():
    scope = scope_by_tool({"write": "reports"}, otherwise="mcp")
    assert challenge(ask(body=call("write"), scopes="mcp", required_scope=scope))[1]["scope"] == (
        "reports"
    )
    assert ask(body=call("write"), scopes="reports", required_scope=scope).status_code == 200


def test_scope_of_the_view_may_be_a_method():
    def required_scope(self, operation):
        return f"{self.prefix}:{operation.name}"

    attributes = {"prefix": "tool", "required_scope": required_scope}
    assert challenge(ask(body=call("read"), **attributes))[1]["scope"] == "tool:read"


@pytest.mark.parametrize("scope", [None, "", []])
def test_scope_of_the_view_may_be_none(scope):
    assert ask(body=call("write"), scopes="other", required_scope=scope).status_code == 200


def test_static_scope_of_the_view_does_not_apply_to_a_public_operation():
    assert ask(body=message("tools/list"), required_scope="reports").status_code == 200
    assert ask(body=call("read"), required_scope="reports").status_code == 401


def test_public_operation_is_open_beside_another_way_in():
    ways_in = [Session, ways.Authentication]
    cookie = {"cookie": "a=b"}
    body = message("tools/list")
    assert ask(body=body, headers=cookie, authentication_classes=ways_in).status_code == 200
    refused = ask(body=call("read"), headers=cookie, authentication_classes=ways_in)
    assert refused.status_code == 403


def test_view_without_a_bearer_class_has_no_public_operations():
    refused = ask(body=message("tools/list"), authentication_classes=[Session])
    assert refused.status_code == 403


def test_late_401_has_a_challenge_even_if_no_operation_can_be_read():
    def post(self, request):
        return Response(status=401)

    answered = ask(
        body=b'{"a": 1, "a": 2}',
        headers={"cookie": "a=b"},
        authentication_classes=[Session, ways.Authentication],
        permission_classes=[],
        post=post,
    )
    assert challenge(answered)[0] == 401


def test_class_of_the_project_refuses_origins_and_bodies_too(settings):
    settings.MCP_ALLOWED_ORIGINS = []
    own = {"authentication_classes": [Own]}
    origin = {"origin": "https://evil.example.com"}
    for base in (ways.Plain, ways.Mixed):
        assert ask(base, call("read"), headers=origin, **own).status_code == 403
        assert ask(base, b'{"a": 1, "a": 2}', **own).status_code == 400
        assert ask(base, call("read"), **own).status_code == 200


def test_refusal_without_the_mixin_keeps_foreign_preflights_out(settings):
    settings.MCP_ALLOWED_ORIGINS = []
    request = HttpRequest()
    request.method = "OPTIONS"
    request.META["HTTP_ORIGIN"] = "https://evil.example.com"
    refusal = NotAuthenticated()
    refusal.auth_header = "Bearer"
    assert exception_handler(refusal, {"request": request}).status_code == 403
    del request.META["HTTP_ORIGIN"]
    assert exception_handler(refusal, {"request": request}).status_code == 204


def test_token_that_lacks_a_scope_of_the_view_is_not_signalled_as_accepted():
    received = []

    def receive(**kwargs):
        received.append(kwargs["reason"])

    token_accepted.connect(receive)
    try:
        ask(body=call("write"), scopes="mcp")
        ask(body=call("write"), scopes="files-write")
    finally:
        token_accepted.disconnect(receive)
    assert received == ["accepted"]


def test_foreign_origin_is_refused_beside_another_way_in(settings):
    settings.MCP_ALLOWED_ORIGINS = []
    ways_in = [Session, ways.Authentication]
    headers = {"cookie": "a=b", "origin": "https://evil.example.com"}
    for base in (ways.Plain, ways.Mixed):
        for body in (message("tools/list"), call("read")):
            refused = ask(base, body, headers=headers, authentication_classes=ways_in)
            assert refused.status_code == 403
            assert json.loads(refused.content)["error"] == "origin_not_allowed"


@pytest.mark.parametrize("base", [ways.Plain, ways.Mixed])
def test_wrong_setting_is_a_500_in_json(settings, base):
    settings.MCP_IMPLIED_SCOPES = ["mcp"]
    failed = ask(base, call("read"), "mcp")
    assert failed.status_code == 500
    assert json.loads(failed.content) == {"error": "server_error"}


@pytest.mark.parametrize("base", [ways.Plain, ways.Mixed])
def test_wrong_setting_is_a_500_in_json_beside_a_class_of_the_project(settings, base):
    settings.MCP_IMPLIED_SCOPES = ["mcp"]
    failed = ask(base, call("read"), authentication_classes=[Own])
    assert failed.status_code == 500
    assert json.loads(failed.content) == {"error": "server_error"}


def test_early_401_of_the_view_has_a_challenge_even_if_no_operation_can_be_read():
    def initial(self, request, *args, **kwargs):
        raise NotAuthenticated

    for base in (ways.Plain, ways.Mixed):
        status, parameters = challenge(ask(base, b'{"a": 1, "a": 2}', initial=initial))
        assert (status, "scope" in parameters) == (401, False)


def test_wrong_origins_are_a_500_in_json(settings):
    settings.MCP_ALLOWED_ORIGINS = "https://app.example.com"
    failed = ask(body=call("read"), headers={"origin": "https://app.example.com"})
    assert json.loads(failed.content) == {"error": "server_error"}


def test_page_of_rest_framework_signals_a_refused_token_once(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    received = []

    def receive(**kwargs):
        received.append(kwargs["reason"])

    token_refused.connect(receive)
    try:
        asked = ask(ways.Plain, call("write"), "mcp", {"accept": "text/html"})
    finally:
        token_refused.disconnect(receive)
    assert asked.status_code == 403
    assert received == ["insufficient_scope"]


def test_claims_are_on_the_request_without_the_permission_too():
    def post(self, request):
        return Response({"claims": request._request.mcp_claims})  # noqa: SLF001

    answered = ask(body=call("write"), scopes="other", permission_classes=[], post=post)
    assert answered.data["claims"]["scope"] == "other"
