"""The server cards of both MCP servers, and the catalogue that leads to them."""

from __future__ import annotations

import pytest
from django.test import Client

from example_project import servers
from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG, CATALOG_TYPE, SCHEMA
from tests.example.walk import MCP, ORIGIN, REPORTS

pytestmark = pytest.mark.usefixtures("example")

# What a client sees of each server after it has connected.
SERVERS = [(MCP, servers.people.server_info), (REPORTS, servers.reports.server_info)]


@pytest.fixture
def http():
    return Client(headers={"host": ORIGIN.partition("://")[2]})


def catalogue(http):
    response = http.get(CATALOG, headers={"accept": CATALOG_TYPE})
    assert (response.status_code, response["content-type"]) == (200, CATALOG_TYPE)
    return response.json()


@pytest.mark.parametrize(("endpoint", "info"), SERVERS, ids=["mcp", "reports"])
def test_card_has_name_title_and_version_of_its_server(http, endpoint, info):
    response = http.get(f"{endpoint}/server-card", headers={"accept": CARD_TYPE})
    assert (response.status_code, response["content-type"]) == (200, CARD_TYPE)
    card = response.json()
    assert card["$schema"] == SCHEMA
    assert card["name"] == f"com.example/{info['name']}"
    assert (card["title"], card["version"]) == (info["title"], info["version"])
    assert card["remotes"] == [{"type": "streamable-http", "url": endpoint}]


def test_catalogue_leads_from_the_bare_origin_to_both_cards(http):
    entries = catalogue(http)["entries"]
    assert [entry["url"] for entry in entries] == [f"{url}/server-card" for url, _ in SERVERS]
    for entry, (endpoint, info) in zip(entries, SERVERS, strict=True):
        assert entry["identifier"] == f"urn:air:example.com:mcp:{info['name']}"
        assert (entry["displayName"], entry["type"]) == (info["title"], CARD_TYPE)
        assert http.get(entry["url"]).json()["remotes"][0]["url"] == endpoint


def test_description_says_what_each_server_does(http):
    cards = [http.get(f"{url}/server-card").json() for url, _ in SERVERS]
    descriptions = {card["description"] for card in cards}
    assert len(descriptions) == len(cards)
    assert all(len(description) <= 100 for description in descriptions)


@pytest.mark.parametrize("path", ["/mcp/server-card", "/reports/mcp/server-card", CATALOG])
def test_caches_may_keep_the_documents_of_a_pinned_site(http, path):
    assert http.get(path)["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("path", ["/mcp/server-card", "/reports/mcp/server-card", CATALOG])
def test_no_cache_keeps_documents_that_come_from_the_request(example, http, path):
    del example.MCP_ISSUER
    del example.MCP_RESOURCE
    response = http.get(path)
    assert response.status_code == 200
    assert response["cache-control"] == "no-store"


def test_endpoint_next_to_its_card_still_asks_for_a_token(http):
    assert {http.post(url).status_code for url, _ in SERVERS} == {401}
