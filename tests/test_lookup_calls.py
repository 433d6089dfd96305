"""How often one request calls the callable of a tenant: once, whatever the answer is."""

from __future__ import annotations

from collections import Counter

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from rest_framework.authentication import BaseAuthentication
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_oauth_discovery.challenge import resource_metadata_url, unauthorized
from mcp_oauth_discovery.contrib.ninja import BearerAuth, bearer_urls
from mcp_oauth_discovery.contrib.rest_framework import (
    BearerAuthentication,
    BearerChallengeMixin,
    BearerViewMixin,
    HasScope,
)
from mcp_oauth_discovery.identity.lookup import Lookup, UnknownResource
from mcp_oauth_discovery.protection import BearerProtection, bearer_required
from mcp_oauth_discovery.signing import InvalidToken
from tests import ORIGIN

RESOURCE = f"{ORIGIN}/mcp"
SCOPES = {"good": "mcp", "poor": "other"}


def verify(request, token, resource):
    if token not in SCOPES:
        raise InvalidToken("Not that one")
    return {"sub": "7", "scope": SCOPES[token]}


PROTECTION = BearerProtection(scope="mcp", verify=verify)


def own_status(request):
    return int(request.headers.get("x-status", 200))


@bearer_required(scope="mcp", verify=verify)
def sync(request):
    return HttpResponse(status=own_status(request))


@bearer_required(scope="mcp", verify=verify)
async def coroutine(request):
    return HttpResponse(status=own_status(request))


class Authentication(BearerAuthentication):
    protection = PROTECTION


class View(APIView):
    authentication_classes = [Authentication]
    permission_classes = [HasScope]

    def post(self, request):
        return Response(status=own_status(request))


class CompletedView(BearerViewMixin, View):
    pass


class MixedAuthentication(BearerChallengeMixin, BaseAuthentication):
    protection = PROTECTION

    def authenticate(self, request):
        token = request.headers.get("authorization", "").partition(" ")[2]
        if token and token not in SCOPES:
            raise self.refusal(request, "invalid_token")
        return (AnonymousUser(), {"scope": SCOPES[token]}) if token else None


api = NinjaAPI(auth=BearerAuth(PROTECTION), docs_url=None)


@api.post("/sync")
def operation(request):
    return api.create_response(request, {}, status=own_status(request))


@api.post("/async")
async def coroutine_operation(request):
    return operation(request)


urlpatterns = [
    path("views/sync", sync),
    path("views/async", coroutine),
    path("rest/plain", View.as_view()),
    path("rest/completed", CompletedView.as_view()),
    path("rest/mixed", CompletedView.as_view(authentication_classes=[MixedAuthentication])),
    path("ninja/", bearer_urls(api)),
]
PATHS = [
    "/views/sync",
    "/views/async",
    "/rest/plain",
    "/rest/completed",
    "/rest/mixed",
    "/ninja/sync",
    "/ninja/async",
]
OUTCOMES = {
    "good": (200, "POST", {"authorization": "Bearer good"}),
    "bad": (401, "POST", {"authorization": "Bearer bad"}),
    "poor": (403, "POST", {"authorization": "Bearer poor"}),
    "none": (401, "POST", {}),
    "own": (401, "POST", {"authorization": "Bearer good", "x-status": "401"}),
    "options": (204, "OPTIONS", {}),
}


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []


@pytest.fixture
def calls(settings):
    """Return the counted calls of the callables of a tenant, by the name of the setting."""
    calls = Counter()

    def tenant(setting, identifier):
        def answer(request):
            calls[setting] += 1
            return identifier

        return answer

    settings.MCP_ISSUER = tenant("MCP_ISSUER", ORIGIN)
    settings.MCP_RESOURCE = tenant("MCP_RESOURCE", RESOURCE)
    settings.MCP_RESOURCES = {"/other": {}}
    return calls


ONCE = {"MCP_ISSUER": 1, "MCP_RESOURCE": 1}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_request_calls_the_callables_of_a_tenant_once(client, calls, path, outcome):
    status, method, headers = OUTCOMES[outcome]
    assert client.generic(method, path, headers=headers).status_code == status
    # An authentication class of a project does not ask for the resource of a good token.
    assert calls == ({} if (path, outcome) == ("/rest/mixed", "good") else ONCE)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("error", "status", "preflight_status"),
    [(Http404, 404, 404), (SuspiciousOperation, 401, 204), (ZeroDivisionError, 500, 204)],
)
def test_callable_that_fails_is_called_once(
    settings, client, path, error, status, preflight_status
):
    calls = []

    def tenant(request):
        calls.append(request)
        raise error

    settings.MCP_ISSUER = tenant
    response = client.post(path, headers={"authorization": "Bearer bad"})
    assert (response.status_code, len(calls)) == (status, 1)
    assert (client.options(path).status_code, len(calls)) == (preflight_status, 2)


@pytest.mark.parametrize("path", ["/views/sync", "/views/async", "/ninja/sync", "/rest/completed"])
def test_request_with_two_tokens_calls_the_callables_once(client, calls, path):
    headers = {"authorization": "Bearer good"}
    assert client.post(f"{path}?access_token=other", headers=headers).status_code == 400
    assert calls == ONCE


@bearer_required(scope="mcp", verify=verify)
def own_refusal(request):
    return unauthorized(request)


@bearer_required(f"{ORIGIN}/other", scope="mcp", verify=verify)
def refusal_for_the_path(request):
    return unauthorized(request)


def test_view_that_refuses_by_itself_uses_the_lookup_of_its_protection(rf, calls):
    request = rf.post("/x", secure=True, headers={"authorization": "Bearer good"})
    assert own_refusal(request).status_code == 401
    assert calls == ONCE


def test_view_that_refuses_for_another_resource_looks_it_up(rf, calls):
    request = rf.post("/x", secure=True, headers={"authorization": "Bearer good"})
    response = refusal_for_the_path(request)
    assert "oauth-protected-resource/mcp" in response["WWW-Authenticate"]


def test_challenge_without_a_protection_follows_the_settings(settings, rf, calls):
    request = rf.post("/x", secure=True)
    assert resource_metadata_url(request).endswith("/mcp")
    settings.MCP_RESOURCE = f"{ORIGIN}/changed"
    assert resource_metadata_url(request).endswith("/changed")


def test_error_does_not_keep_the_frames_of_former_callers(settings, rf):
    settings.MCP_ISSUER = ORIGIN
    lookup = Lookup(rf.get("/"), "/nowhere")

    def caller_with_a_token():
        lookup.find()

    with pytest.raises(UnknownResource) as first:
        caller_with_a_token()
    assert "caller_with_a_token" in [frame.name for frame in first.traceback]
    with pytest.raises(UnknownResource) as second:
        lookup.find()
    assert second.value is first.value
    assert "caller_with_a_token" not in [frame.name for frame in second.traceback]


def test_two_protections_of_one_request_find_their_own_resources(settings, rf):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_RESOURCES = {"/a": {}, "/b": {}}
    request = rf.post("/a", secure=True)
    challenges = [
        BearerProtection(name)(request)["WWW-Authenticate"] for name in ("/a", "/b", None)
    ]
    assert [challenge.partition("oauth-protected-resource")[2][:2] for challenge in challenges] == [
        "/a",
        "/b",
        "/a",
    ]
