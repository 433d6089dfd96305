"""What is kept, what never is, and that no client can fill the memory."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from django.test import Client
from django.urls import include, re_path

from mcp_oauth_discovery.discovery.kept import Place
from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.views import JWKSView, ProtectedResourceMetadataView
from tests import ASM, JWKS, ORIGIN, PRM
from tests.keys import make_key, statements
from tests.publication.conftest import by_client, by_wsgi
from tests.server.requests import WSGI

# The documents that are kept for the present settings.
PLACES = [(PRM, None), (ASM, None), (JWKS, None)]


def kept():
    """Return the places of the documents that are kept; another test may have left former ones."""
    publication = present_publication()
    return {place for place in publication._kept if publication.answer(place)}  # noqa: SLF001


def routes():
    return list(present_publication()._routes)  # noqa: SLF001


@pytest.mark.parametrize("path", [PRM, ASM, JWKS])
def test_warm_request_has_no_query(ask, path):
    make_key()
    ask(path)
    with statements() as queries:
        ask(path)
    assert queries == []


def test_pinned_documents_are_kept(ask):
    for path in (PRM, f"{PRM}/mcp", f"{PRM}/mcp/", ASM, JWKS):
        ask(path)
    assert kept() == {*PLACES, (PRM, "mcp"), (PRM, "mcp/")}


@pytest.mark.parametrize("issuer", [None, lambda request: f"https://{request.get_host()}"])
def test_document_from_the_request_is_never_kept(ask, settings, issuer):
    settings.MCP_ISSUER = issuer
    for path in (PRM, ASM):
        shown = ask(path)
        assert shown.headers["Cache-Control"] == "no-store"
    assert kept() == set()


def test_hosts_never_get_the_documents_of_other_hosts(ask, settings):
    settings.MCP_ISSUER = None
    for host in ("a.example.com", "b.example.com"):
        assert ask(ASM, host=host).members["issuer"] == f"https://{host}"
    settings.MCP_ISSUER = ORIGIN
    for host in ("a.example.com", "b.example.com"):
        assert ask(ASM, host=host).members["issuer"] == ORIGIN
    settings.MCP_ISSUER = None
    assert ask(ASM, host="a.example.com").members["issuer"] == "https://a.example.com"


def test_resource_that_the_host_selects_is_never_kept(ask, settings):
    settings.MCP_RESOURCES = {"/mcp": {}, "https://b.example.com/mcp": {}}
    for host in ("app.example.com", "b.example.com", "app.example.com"):
        assert ask(f"{PRM}/mcp", host=host).members["resource"] == f"https://{host}/mcp"
    assert kept() == set()


def test_resource_that_the_query_selects_is_never_kept(ask, settings):
    settings.MCP_RESOURCES = {"/mcp": {}, "/mcp?v=2": {}}
    for query in ("", "?v=2", "?v=3", ""):
        resource = ORIGIN + "/mcp" + ("?v=2" if query == "?v=2" else "")
        assert ask(f"{PRM}/mcp{query}").members["resource"] == resource


def test_forged_hosts_and_unknown_paths_fill_no_memory(ask, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ask(JWKS)
    before = kept(), routes()
    for number in range(50):
        ask(JWKS, host=f"host-{number}.example.org")
        assert ask(f"{PRM}/{number}").status == 404
        assert ask(f"{ASM}/{number}").status == 404
    assert (kept(), routes()) == before


def test_any_number_of_allowed_hosts_fills_no_memory(settings, rf, transactional_db):
    settings.MCP_ISSUER, settings.ALLOWED_HOSTS = ORIGIN, ["*"]
    view = JWKSView.as_view()
    for number in range(100):
        assert view(rf.get(JWKS, headers={"host": f"host-{number}.example.org"})).status_code == 200
    assert len(present_publication()._hosts) <= 64  # noqa: SLF001


def test_any_number_of_etags_fills_no_memory(settings, transactional_db):
    settings.MCP_ISSUER, server = ORIGIN, WSGI()
    for number in range(50):
        server.ask(server.entry, JWKS, headers={"if-none-match": f'"{number}"'})
    assert len(present_publication().answer(Place(JWKS)).sent) <= 4


def test_any_number_of_urls_fills_no_memory(settings, transactional_db, monkeypatch):
    urls = ModuleType("urls_without_number")
    pattern = r"^\.well-known/oauth-protected-resource"
    urls.urlpatterns = [re_path(pattern, ProtectedResourceMetadataView.as_view())]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    settings.MCP_ISSUER, settings.ROOT_URLCONF = ORIGIN, urls.__name__
    for number in range(50):
        assert by_wsgi(f"{PRM}/{number}").status == 200
    assert len(routes()) <= 2


def test_routes_of_a_site_with_languages_are_kept(ask, settings):
    settings.ROOT_URLCONF = "tests.publication.urls"
    ask(JWKS)
    assert routes() == [JWKS]


def test_route_below_a_prefix_is_never_kept(settings, transactional_db, monkeypatch):
    urls = ModuleType("urls_below_a_prefix")
    # The prefix may be a language, which a middleware reads from the path.
    urls.urlpatterns = [re_path("^en/", include("mcp_oauth_discovery.urls"))]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    settings.MCP_ISSUER, settings.ROOT_URLCONF = ORIGIN, urls.__name__
    assert by_client(f"/en{JWKS}").status == 200
    assert (kept(), routes()) == ({(JWKS, None)}, [])


def test_former_resources_are_dropped(ask, settings):
    for number in range(5):
        settings.MCP_RESOURCES = {f"/{number}": {}}
        assert ask(f"{PRM}/{number}").status == 200
        ask(JWKS)
    assert kept() == {(PRM, "4"), (JWKS, None)}
    assert f"{PRM}/4" in routes()
    assert f"{PRM}/3" not in routes()


def test_settings_that_cannot_be_compared_keep_nothing(settings, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {"x-numbers": {1, 2}, "x": range(3)}
    assert present_publication() is None
    settings.MCP_AUTHORIZATION_SERVER_METADATA = {}
    del settings.ROOT_URLCONF
    assert present_publication() is None


def test_middleware_sets_the_view_of_a_kept_document(settings, transactional_db):
    settings.MCP_ISSUER = ORIGIN
    settings.MIDDLEWARE = ["mcp_oauth_discovery.middleware.DiscoveryMiddleware"]
    matches = [Client().get(JWKS, secure=True).wsgi_request.resolver_match for _ in range(2)]
    assert [match.url_name for match in matches] == ["jwks", "jwks"]
