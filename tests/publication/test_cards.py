"""Cards and the catalogue are kept, and show each change of the settings immediately."""

from __future__ import annotations

import pytest
from django.urls import get_resolver

from mcp_oauth_discovery.discovery.kept import Place
from mcp_oauth_discovery.discovery.publication import present_publication
from mcp_oauth_discovery.standards import server_cards
from mcp_oauth_discovery.views import CatalogView, ServerCardView
from tests import CARD, CATALOG, ORIGIN, PRM
from tests.cards import servers
from tests.publication.conftest import by_client

WEATHER = {"name": "com.example/weather", "version": "1.0.0", "description": "Forecasts."}
PLACES = {CARD: Place(server_cards.CARD, "mcp"), CATALOG: Place(server_cards.CATALOG)}


@pytest.fixture(autouse=True)
def cards(settings):
    settings.MCP_SERVER_CARDS = {"/mcp": dict(WEATHER)}
    return settings.MCP_SERVER_CARDS


def shown_names(ask):
    return [entry["displayName"] for entry in ask(CATALOG).members["entries"]]


@pytest.mark.parametrize("path", PLACES)
def test_document_is_kept(ask, path):
    ask(path)
    assert present_publication().answer(PLACES[path]) is not None


def test_member_changed_in_place_takes_effect(ask, cards):
    assert ask(CARD).members["version"] == "1.0.0"
    assert shown_names(ask) == ["com.example/weather"]
    cards["/mcp"] |= {"version": "1.0.1", "title": "Weather"}
    assert ask(CARD).members["version"] == "1.0.1"
    assert shown_names(ask) == ["Weather"]


def test_card_added_and_removed_in_place_takes_effect(ask, settings, cards):
    settings.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}}
    assert len(shown_names(ask)) == 1
    cards["/files/mcp"] = {**WEATHER, "name": "com.example/files"}
    assert ask("/files/mcp/server-card").members["name"] == "com.example/files"
    assert shown_names(ask) == ["com.example/weather", "com.example/files"]
    del cards["/mcp"]
    assert shown_names(ask) == ["com.example/files"]


def test_resource_disabled_in_place_loses_its_card(ask, settings, cards):
    settings.MCP_RESOURCES = {f"/{number}": {} for number in range(100)}
    cards.clear()
    cards["/7"], cards["/8"] = WEATHER, {**WEATHER, "name": "com.example/other"}
    assert ask("/7/server-card").status == 200
    assert len(shown_names(ask)) == 2
    settings.MCP_RESOURCES["/7"]["enabled"] = False
    # The catalogue first: a request for the card would read the resources again.
    assert shown_names(ask) == ["com.example/other"]
    assert ask("/7/server-card").status == 404


def test_changed_issuer_takes_effect(ask, settings):
    assert ask(CARD).members["remotes"][0]["url"] == f"{ORIGIN}/mcp"
    ask(CATALOG)
    settings.MCP_ISSUER = "https://www.example.com"
    assert ask(CARD).members["remotes"][0]["url"] == "https://www.example.com/mcp"
    assert ask(CATALOG).members["entries"][0]["url"] == f"https://www.example.com{CARD}"


def test_changed_max_age_takes_effect(ask, settings):
    for seconds in (60, 300):
        settings.MCP_METADATA_MAX_AGE = seconds
        for path in PLACES:
            assert ask(path).headers["Cache-Control"] == f"public, max-age={seconds}"


def test_wrong_member_is_an_error_immediately(ask, cards):
    assert ask(CARD).status == 200
    cards["/mcp"]["version"] = "^1.0"
    assert ask(CARD).status == 500
    assert ask(CATALOG).status == 500


def test_cards_do_not_drop_other_documents(ask, cards):
    for path in (PRM, CARD, CATALOG):
        ask(path)
    cards["/mcp"]["version"] = "2.0"
    assert present_publication().answer(Place(PRM)) is not None
    assert present_publication().answer(PLACES[CARD]) is None


def test_setting_that_is_no_dict_any_more_takes_effect(ask, settings):
    assert ask(CATALOG).status == ask(CARD).status == 200
    settings.MCP_SERVER_CARDS = ["/mcp"]
    assert ask(CATALOG).status == 500
    assert present_publication().answer(PLACES[CARD]) is None


def test_server_changed_at_run_time_takes_effect(ask, cards, monkeypatch):
    cards["/mcp"] = {"server": "tests.cards.servers.mcpz", **WEATHER}
    del cards["/mcp"]["version"]
    assert ask(CARD).members["version"] == "2.1"
    assert present_publication().answer(PLACES[CARD]) is not None
    ask(CATALOG)
    monkeypatch.setitem(servers.mcpz.server_info, "version", "3.0")
    monkeypatch.setitem(servers.mcpz.server_info, "title", "Persons")
    assert ask(CARD).members["version"] == "3.0"
    assert shown_names(ask) == ["Persons"]


def test_server_that_can_no_longer_be_imported_is_an_error_immediately(ask, cards):
    cards["/mcp"]["server"] = "tests.cards.servers.mcpz"
    assert ask(CARD).status == 200
    cards["/mcp"]["server"] = "tests.cards.servers.none"
    assert ask(CARD).status == 500


@pytest.mark.parametrize(
    ("path", "view"), [(CARD, ServerCardView), (CATALOG, CatalogView)], ids=["card", "catalogue"]
)
def test_document_built_while_the_setting_changes_is_not_kept(
    settings, cards, transactional_db, monkeypatch, path, view
):
    settings.MCP_ISSUER = ORIGIN
    build = view.get_document

    def build_and_change(self, request, **kwargs):
        document = build(self, request, **kwargs)
        cards["/mcp"]["title"] = "New"
        return document

    monkeypatch.setattr(view, "get_document", build_and_change)
    by_client(path)
    assert present_publication().answer(PLACES[path]) is None


def test_value_that_is_not_plain_data_is_never_kept(ask, cards):
    class Text(str):
        __slots__ = ()

    cards["/mcp"]["title"] = Text("Weather")
    for path in PLACES:
        assert ask(path).status == 200
        assert present_publication().answer(PLACES[path]) is None


def test_paths_of_clients_fill_nothing(ask):
    ask(CARD)
    publication = present_publication()
    before = len(vars(publication)["_kept"]), len(vars(publication)["_routes"])
    for number in range(5):
        ask(f"{PRM}/{number}")
        ask(CARD)
    assert present_publication() is publication
    assert (len(vars(publication)["_kept"]), len(vars(publication)["_routes"])) == before
    assert get_resolver(None) is get_resolver(None)
