"""The documents on the overview are those that are served, or what is wrong with them."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.models import Session
from django.http import Http404
from django.test.utils import override_script_prefix
from django.urls import path

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.views import (
    JWKSView,
    ProtectedResourceMetadataView,
)
from tests.overview.pages import HOST, OVERVIEW, document, visitor
from tests.urls import page, urlpatterns

pytestmark = pytest.mark.django_db


URLS = {
    "Protected resource metadata": "/.well-known/oauth-protected-resource/mcp",
    "Authorization server metadata": "/.well-known/oauth-authorization-server",
    "JWK Set": "/.well-known/jwks.json",
}


@pytest.mark.parametrize(("title", "where"), URLS.items())
@pytest.mark.parametrize("pinned", [False, True])
def test_document_is_the_one_that_is_served(settings, look, fetch, title, where, pinned):
    rotation.rotate("EdDSA")
    if pinned:
        settings.MCP_ISSUER = "https://app.example.com"
    served, answer = document(look()[1], title), fetch(where)
    assert served.url == f"https://app.example.com{where}"
    assert json.loads(served.text) == answer.json()
    assert served.answer == f"200 OK, {answer['cache-control']}"
    assert (served.problem, served.note) == ("", "")


def test_each_enabled_resource_has_a_url_and_a_document(settings, look):
    settings.MCP_RESOURCES = {
        "/files/mcp": {"resource_name": "Files"},
        "/search?index=a%20b": {},
        "/old": {"enabled": False},
    }
    text, context = look()
    documents = [document.members.get("resource", "-") for document in context["documents"]]
    resources = [
        "https://app.example.com/files/mcp",
        "https://app.example.com/search?index=a%20b",
    ]
    assert documents[:2] == resources
    for resource in resources:
        assert f"<pre>{resource}</pre><button" in text
    assert "<h3>Files</h3>" in text
    assert "/old" not in text


def test_no_resource_is_said_to_be_enabled(settings, look):
    settings.MCP_RESOURCES = {"/old": {"enabled": False}}
    assert "No resource is enabled" in look()[0]


@pytest.fixture
def routed(settings, monkeypatch):
    """Return a function that puts views of the project's own before the others."""

    def routed(*patterns):
        monkeypatch.setattr(f"{__name__}.urlpatterns", [*patterns, *urlpatterns])
        settings.ROOT_URLCONF = __name__

    return routed


def test_subclass_is_honoured(routed, look):
    class OwnView(JWKSView):
        def get_document(self, request, **kwargs):
            return {"keys": [], "visitor": str(request.user), "cookies": request.COOKIES}

    routed(path(".well-known/jwks.json", OwnView.as_view()))
    served = document(look()[1], "JWK Set")
    assert json.loads(served.text) == {"keys": [], "visitor": "AnonymousUser", "cookies": {}}


def test_view_sees_a_client_and_not_the_operator(routed, look):
    seen = []

    class OwnView(ProtectedResourceMetadataView):
        def get_document(self, request, **kwargs):
            request.session["been"] = "here"
            seen.append((request.method, request.get_full_path(), dict(request.headers)))
            return super().get_document(request, **kwargs)

    routed(path(".well-known/oauth-protected-resource/<path:path>", OwnView.as_view()))
    staff_headers = {**HOST, "if-none-match": "*", "authorization": "Bearer secret"}
    client = visitor("view")
    before = list(Session.objects.values())
    client.get(f"{OVERVIEW}?mine=1", secure=True, headers=staff_headers)
    [(method, where, headers)] = seen
    assert (method, where) == ("GET", "/.well-known/oauth-protected-resource/mcp")
    assert not {"Cookie", "If-None-Match", "Authorization"} & set(headers)
    assert list(Session.objects.values()) == before


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("The moon is <down>."), "The moon is <down>."),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_view_that_fails_is_quoted(routed, look, error, told):
    class OwnView(JWKSView):
        def get_document(self, request, **kwargs):
            raise error

    routed(path(".well-known/jwks.json", OwnView.as_view()))
    text, context = look()
    served = document(context, "JWK Set")
    assert served.problem == told
    assert served.answer == "500 Internal Server Error, no-store"
    assert told in text


def test_view_that_fails_only_once_refers_to_the_log(routed, look):
    failures = [RuntimeError("Once.")]

    class OwnView(JWKSView):
        def get_document(self, request, **kwargs):
            if failures:
                raise failures.pop()
            return {"keys": []}

    routed(path(".well-known/jwks.json", OwnView.as_view()))
    assert (
        document(look()[1], "JWK Set").problem
        == "The log has the reason, in the event document.failed."
    )


def test_view_that_answers_with_no_json_is_a_fault(routed, look):
    class OwnView(JWKSView):
        def dispatch(self, request, *args, **kwargs):
            return page(request)

    routed(path(".well-known/jwks.json", OwnView.as_view()))
    served = document(look()[1], "JWK Set")
    assert "Expecting value" in served.problem


def test_view_of_somebody_else_is_named_and_not_called(routed, look):
    def fail(request):
        raise AssertionError

    routed(path(".well-known/oauth-authorization-server", fail))
    served = document(look()[1], "Authorization server metadata")
    assert "Another view answers here: tests.overview.test_documents." in served.problem
    assert 'include("mcp_oauth_discovery.urls")' in served.problem


def test_want_of_urls_is_said(settings, look, monkeypatch):
    monkeypatch.setattr(f"{__name__}.urlpatterns", urlpatterns[1:])
    settings.ROOT_URLCONF = __name__
    _, context = look()
    first, last = (document(context, title) for title in ("Protected resource metadata", "JWK Set"))
    assert first.url == f"https://app.example.com{URLS[first.title]}"
    assert "No view answers here." in first.problem
    assert last.url == f"https://app.example.com{URLS[last.title]}"
    assert last.problem == "See the problem above."


def test_other_authorization_server_is_no_fault(settings, look):
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    text, context = look()
    served = document(context, "Authorization server metadata")
    assert served.answer == "404 Not Found, no-store"
    assert "MCP_AUTHORIZATION_SERVERS names other authorization servers" in served.note
    assert not served.problem
    assert '<span class="mcp-badge">None</span>' in text


def test_missing_keys_are_no_fault_where_none_are_announced(settings, look):
    settings.MCP_ISSUER = "https://app.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    served = document(look()[1], "JWK Set")
    assert (served.answer, served.problem) == ("404 Not Found, no-store", "")
    assert "this site announces no keys" in served.note


def test_document_that_is_not_there_is_a_fault(routed, look):
    class OwnView(JWKSView):
        def get_document(self, request, **kwargs):
            raise Http404("Not for this tenant.")

    routed(path(".well-known/jwks.json", OwnView.as_view()))
    served = document(look()[1], "JWK Set")
    assert served.problem == "Not for this tenant."


@pytest.mark.parametrize(
    ("setting", "value", "broken"),
    [
        ("MCP_ISSUER", "http://app.example.com", dict.fromkeys(URLS, "E001")),
        ("MCP_RESOURCE", 7, {"Protected resource metadata": "E002"}),
        ("MCP_JWKS_MAX_AGE", -1, {"JWK Set": "E009"}),
        ("MCP_AUTHORIZATION_SERVER_METADATA", 7, {"Authorization server metadata": "E006"}),
    ],
)
def test_wrong_setting_is_said_once_and_breaks_documents(settings, look, setting, value, broken):
    setattr(settings, setting, value)
    text, context = look()
    problems = {served.title: served.problem for served in context["documents"] if served.problem}
    assert problems == {
        title: f"See mcp_oauth_discovery.{check} above." for title, check in broken.items()
    }
    assert text.count(f"{setting} is ") == 1


def test_wrong_setting_is_said_where_it_breaks_a_document_if_its_check_is_silent(settings, look):
    settings.MCP_JWKS_MAX_AGE = -1
    settings.SILENCED_SYSTEM_CHECKS = ["mcp_oauth_discovery.E009"]
    assert "MCP_JWKS_MAX_AGE is -1" in document(look()[1], "JWK Set").problem


def test_callable_that_raises_is_quoted(settings, look):
    def issuer(request):
        raise KeyError("tenant")

    settings.MCP_ISSUER = issuer
    text, context = look()
    assert "MCP_ISSUER" in context["resources_problem"]
    assert "raised KeyError: 'tenant'" in text


def test_site_below_a_prefix_finds_its_documents(look):
    with override_script_prefix("/site/"):
        _, context = look()
    assert [served.problem for served in context["documents"]] == ["", "", ""]
    assert document(context, "JWK Set").url == "https://app.example.com/site/.well-known/jwks.json"
