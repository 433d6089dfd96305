"""The URLs of cards: no other URL of the project changes."""

from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.urls import NoReverseMatch, include, path, re_path, resolve, reverse

from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.views import CatalogView, DiscoveryView, ServerCardView
from tests import ASM, CARD, CATALOG, JWKS, ORIGIN, PRM
from tests.server.requests import ASGI, WSGI


class WithAgent(CatalogView):
    def get_document(self, request, **kwargs):
        document = super().get_document(request, **kwargs)
        agent = {
            "identifier": "urn:air:example.com:a2a:clerk",
            "type": "application/a2a-agent-card+json",
            "url": f"{self.site.origin}/agent",
        }
        return {**document, "entries": [*document["entries"], agent]}


class WithVersions(ServerCardView):
    def get_document(self, request, **kwargs):
        document = super().get_document(request, **kwargs)
        [remote] = document["remotes"]
        return {**document, "remotes": [{**remote, "supportedProtocolVersions": ["2026-07-28"]}]}


class OfTheUser(DiscoveryView):
    def get_document(self, request, **kwargs):
        return {"user": str(request.user)}


def own(request, **kwargs):
    return HttpResponse("own")


urlpatterns = [
    path("own-catalog.json", WithAgent.as_view()),
    path("api/server-card", OfTheUser.as_view()),
    path("<path:path>/.well-known/ai-catalog.json", CatalogView.as_view()),
    path("own-card", WithVersions.as_view(), {"path": "mcp"}),
    path("", include("mcp_oauth_discovery.urls")),
    re_path(r"^.*server-card/?$", own),
    path(".well-known/ai-catalog.json", own),
]


@pytest.fixture
def own_urls(pinned):
    pinned.ROOT_URLCONF = __name__
    return pinned


@pytest.mark.parametrize(
    "url", ["/server-card", "/files/mcp/server-card", "/mcp/x/server-card", "/mcp//server-card"]
)
def test_card_of_another_path_is_left_to_the_project(fetch, own_urls, url):
    assert fetch(url).content == b"own"


@pytest.mark.parametrize("url", [CARD, f"{CARD}/", CATALOG])
@pytest.mark.parametrize("unset", [{}, None])
def test_without_the_setting_the_project_answers(fetch, own_urls, url, unset):
    own_urls.MCP_SERVER_CARDS = unset
    assert fetch(url).content == b"own"


def test_other_views_of_the_project_stay_behind_its_middleware(fetch, own_urls):
    assert fetch("/api/server-card").json() == {"user": "AnonymousUser"}


def test_paths_of_clients_keep_no_second_catalogue(fetch, own_urls):
    for number in range(5):
        assert fetch(f"/t{number}{CATALOG}").status_code == 200
    assert len(vars(present_publication())["_kept"]) == 1


def test_project_adds_entries_to_the_catalogue(fetch, own_urls):
    types = [entry["type"] for entry in fetch("/own-catalog.json").json()["entries"]]
    assert types == ["application/mcp-server-card+json", "application/a2a-agent-card+json"]
    assert fetch("/own-catalog.json")["Content-Type"] == "application/ai-catalog+json"


def test_project_changes_a_card(fetch, own_urls):
    [remote] = fetch("/own-card").json()["remotes"]
    assert remote["supportedProtocolVersions"] == ["2026-07-28"]


def test_urls_have_names(pinned):
    assert reverse("mcp_oauth_discovery:ai-catalog") == CATALOG
    assert reverse("mcp_oauth_discovery:server-card", kwargs={"path": "mcp"}) == CARD
    assert reverse("mcp_oauth_discovery:server-card") == "/server-card"
    assert resolve(CARD).view_name == "mcp_oauth_discovery:server-card"
    with pytest.raises(NoReverseMatch):
        reverse("mcp_oauth_discovery:server-card", kwargs={"other": "mcp"})


def test_line_feed_in_a_path_is_no_endpoint(fetch, pinned):
    assert fetch("/mcp%0A/server-card").status_code == 404
    assert fetch(f"{CARD}%0A").status_code == 404


@pytest.mark.parametrize("prefix", ["/app", "/app/"])
def test_prefix_of_the_site_is_part_of_the_endpoint(pinned, weather, prefix, transactional_db):
    pinned.FORCE_SCRIPT_NAME = prefix
    pinned.MCP_RESOURCE = f"{ORIGIN}/app/mcp"
    pinned.MCP_SERVER_CARDS = {"/app/mcp": weather}
    server = WSGI()
    for application in (server.django, server.entry, server.entry):
        _, _, body = server.ask(application, CARD)
        assert json.loads(body)["remotes"][0]["url"] == f"{ORIGIN}/app/mcp"


SITES = {
    "pinned": {},
    "unpinned": {"MCP_ISSUER": None},
    "resources": {"MCP_RESOURCES": {"/mcp": {}, "/files/mcp": {}}},
    "own urls": {"ROOT_URLCONF": __name__},
}
# URLs that are neither that of a card nor that of the catalogue.
OTHERS = [PRM, f"{PRM}/mcp", f"{PRM}/nothing", ASM, JWKS, "/", "/mcp", "/mcp/server-cards"]
OTHERS += ["/files/server-card", "/server-card", f"{CATALOG}x", f"{CATALOG}/x", "/.well-known/x"]


@pytest.fixture(params=[WSGI, ASGI])
def answers(request, pinned, transactional_db):
    """The answers of a server at some URLs, with and without its entry, for each method."""
    server = request.param()

    def answers(urls):
        return server.ask_all(
            (application, url, method)
            for application in (server.django, server.entry, server.entry)
            for url in urls
            for method in ("GET", "HEAD", "OPTIONS", "POST")
        )

    return answers


@pytest.mark.parametrize("name", SITES)
def test_setting_changes_no_octet_of_any_other_answer(pinned, answers, name):
    for setting, value in SITES[name].items():
        setattr(pinned, setting, value)
    with_cards = answers(OTHERS)
    del pinned.MCP_SERVER_CARDS
    assert answers(OTHERS) == with_cards


def test_without_the_setting_cards_and_catalogue_are_unknown_urls(pinned, answers):
    known = answers([CARD])
    del pinned.MCP_SERVER_CARDS
    assert answers([CARD]) == answers(["/unknown"]) != known
    assert answers([CATALOG]) == answers(["/.well-known/unknown"])
