"""What the card and the catalogue contain, and for which settings they are there."""

from __future__ import annotations

import threading
from enum import Enum

import pytest

from mcp_oauth_discovery.discovery.card_entries import has_card_at
from tests import CARD, CATALOG, ORIGIN

SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"


def entry(server, url, name="com.example/weather", domain="example.com"):
    return {
        "identifier": f"urn:air:{domain}:mcp:{server}",
        "displayName": name,
        "type": "application/mcp-server-card+json",
        "url": url,
    }


def test_card_has_the_configured_members_and_where_to_connect(fetch, pinned, weather):
    assert fetch(CARD).json() == {
        "$schema": SCHEMA,
        **weather,
        "remotes": [{"type": "streamable-http", "url": f"{ORIGIN}/mcp"}],
    }


def test_catalogue_leads_to_the_card(fetch, pinned):
    document = fetch(CATALOG).json()
    assert document == {"specVersion": "1.0", "entries": [entry("weather", ORIGIN + CARD)]}
    assert fetch(document["entries"][0]["url"].removeprefix(ORIGIN)).status_code == 200


def test_catalogue_shows_the_title_of_a_card(fetch, pinned, weather):
    weather["title"] = "Weather"
    assert fetch(CATALOG).json()["entries"][0]["displayName"] == "Weather"


def test_members_without_a_value_are_left_out(fetch, pinned, weather):
    weather |= {"title": "", "icons": [], "websiteUrl": None}
    assert fetch(CARD).json().keys() == {"$schema", "remotes", "name", "version", "description"}


def test_unknown_members_pass_through(fetch, pinned, weather):
    weather["com.example.audience"] = ["public"]
    assert fetch(CARD).json()["com.example.audience"] == ["public"]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("com.example/weather", "urn:air:example.com:mcp:weather"),
        ("io.github.someone/My_Server.2", "urn:air:someone.github.io:mcp:My_Server.2"),
        ("example/dice", "urn:air:example:mcp:dice"),
        ("com.Example/Weather", "urn:air:example.com:mcp:Weather"),
    ],
)
def test_identifier_has_the_domain_in_its_usual_order(fetch, pinned, weather, name, identifier):
    weather["name"] = name
    assert fetch(CATALOG).json()["entries"][0]["identifier"] == identifier


def test_each_resource_has_its_own_card_in_the_order_of_the_setting(fetch, pinned, weather):
    pinned.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}, "https://b.example.com/mcp": {}}
    files = {**weather, "name": "com.example/files"}
    other = {**weather, "name": "com.example/other"}
    pinned.MCP_SERVER_CARDS = {"/files/mcp": files, "https://b.example.com/mcp": other}
    assert fetch(CATALOG).json()["entries"] == [
        entry("files", f"{ORIGIN}/files/mcp/server-card", "com.example/files"),
        entry("other", "https://b.example.com/mcp/server-card", "com.example/other"),
    ]
    assert fetch("/files/mcp/server-card").json()["name"] == "com.example/files"


def test_resource_without_a_card_has_none(fetch, pinned):
    pinned.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}}
    assert fetch("/files/mcp/server-card").status_code == 404


def test_host_chooses_among_resources_with_one_path(fetch, pinned, weather):
    pinned.MCP_RESOURCES = {"/mcp": {}, "https://b.example.com/mcp": {}}
    other = {**weather, "name": "com.example/other"}
    pinned.MCP_SERVER_CARDS = {f"{ORIGIN}/mcp": weather, "https://b.example.com/mcp": other}
    for host, name in (
        ("app.example.com", "com.example/weather"),
        ("b.example.com", "com.example/other"),
    ):
        response = fetch(CARD, headers={"host": host})
        assert response.json()["name"] == name
        assert response["Cache-Control"] == "no-store"


def test_query_of_an_endpoint_chooses_its_card(fetch, pinned, weather):
    pinned.MCP_RESOURCES = {f"{ORIGIN}/mcp?a=1": {}, f"{ORIGIN}/mcp?a=2": {}}
    second = {**weather, "name": "com.example/second"}
    pinned.MCP_SERVER_CARDS = {f"{ORIGIN}/mcp?a=1": weather, f"{ORIGIN}/mcp?a=2": second}
    assert fetch(f"{CARD}?a=2").json()["name"] == "com.example/second"
    urls = [item["url"] for item in fetch(CATALOG).json()["entries"]]
    assert urls == [f"{ORIGIN}{CARD}?a=1", f"{ORIGIN}{CARD}?a=2"]


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (ORIGIN, "/server-card"),
        (f"{ORIGIN}/", "/server-card"),
        (f"{ORIGIN}/files/mcp/", "/files/mcp/server-card"),
        (f"{ORIGIN}/%C3%BCn%C3%AF/mcp", "/%C3%BCn%C3%AF/mcp/server-card"),
        (f"{ORIGIN}/server-card", "/server-card/server-card"),
    ],
)
def test_card_is_below_its_endpoint_wherever_that_is(fetch, pinned, weather, resource, path):
    pinned.MCP_RESOURCE = resource
    pinned.MCP_SERVER_CARDS = {resource: weather}
    assert fetch(CATALOG).json()["entries"][0]["url"] == ORIGIN + path
    for url in (path, f"{path}/"):
        assert fetch(url).json()["remotes"][0]["url"] == resource


def test_path_of_the_default_resource_is_a_key(fetch, pinned, weather):
    pinned.MCP_ISSUER = "https://id.example.com/t1"
    pinned.MCP_SERVER_CARDS = {"/t1/mcp": weather}
    card = fetch("/t1/mcp/server-card").json()
    assert card["remotes"][0]["url"] == "https://id.example.com/t1/mcp"


def test_disabled_resource_has_no_card(fetch, pinned):
    pinned.MCP_RESOURCES = {"/mcp": {"enabled": False}}
    assert fetch(CARD).status_code == 404
    assert fetch(CATALOG).status_code == 404


def test_tenants_have_cards_of_their_own_hosts(fetch, pinned, weather):
    pinned.MCP_ISSUER = None
    pinned.MCP_RESOURCE = lambda request: f"https://{request.get_host()}/mcp"
    pinned.MCP_SERVER_CARDS = {
        "/mcp": weather,
        # Another tenant's, at another path: it is not on this host.
        "https://b.example.com/other/mcp": {**weather, "name": "com.example/other"},
    }
    for host in ("a.example.com", "b.example.com"):
        response = fetch(CARD, headers={"host": host})
        assert response.json()["remotes"][0]["url"] == f"https://{host}/mcp"
        assert response["Cache-Control"] == "no-store"
        urls = [item["url"] for item in fetch(CATALOG, headers={"host": host}).json()["entries"]]
        assert urls == [f"https://{host}{CARD}"]


def test_unpinned_site_has_cards_that_no_cache_keeps(fetch, pinned):
    pinned.MCP_ISSUER = None
    for path in (CARD, CATALOG):
        response = fetch(path, headers={"host": "www.example.com"})
        assert b"://www.example.com/mcp" in response.content
        assert response["Cache-Control"] == "no-store"


def test_forged_host_gets_no_card(fetch, pinned):
    pinned.MCP_ISSUER = None
    for path in (CARD, CATALOG):
        response = fetch(path, headers={"host": "evil.test"})
        assert response.status_code == 400
        assert b"evil" not in response.content


@pytest.mark.parametrize("wrong", [["/mcp"], "cards", {"/mcp": "card"}, {"/mcp": {}}, {"/no": {}}])
def test_wrong_setting_is_a_500_of_the_catalogue_alone(fetch, pinned, wrong):
    pinned.MCP_SERVER_CARDS = wrong
    response = fetch(CATALOG)
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert fetch("/.well-known/oauth-protected-resource").status_code == 200


def test_mistake_in_one_card_leaves_the_others(fetch, pinned, weather):
    pinned.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}}
    pinned.MCP_SERVER_CARDS |= {"/files/mcp": {**weather, "version": 1}, 5: {}, "/unknown": {}}
    assert fetch(CARD).status_code == 200
    assert fetch("/files/mcp/server-card").status_code == 500
    assert fetch("/unknown/server-card").status_code == 404


def test_two_keys_for_one_resource_are_refused_everywhere(fetch, pinned, weather):
    pinned.MCP_SERVER_CARDS = {"/mcp": weather, f"{ORIGIN}/mcp": weather}
    assert fetch(CARD).status_code == 500
    assert fetch(CATALOG).status_code == 500


def test_two_cards_with_one_name_are_refused_in_the_catalogue(fetch, pinned, weather, caplog):
    pinned.MCP_RESOURCES = {"/mcp": {}, "/files/mcp": {}}
    pinned.MCP_SERVER_CARDS = {"/mcp": weather, "/files/mcp": weather}
    assert fetch(CATALOG).status_code == 500
    assert "the card of /mcp has the same name" in caplog.text
    assert fetch(CARD).status_code == 200


def test_member_of_an_enumeration_is_a_key(fetch, pinned, weather):
    class Endpoint(str, Enum):
        FILES = "/files/mcp"

    pinned.MCP_RESOURCES = {Endpoint.FILES: {}}
    pinned.MCP_SERVER_CARDS = {Endpoint.FILES: weather}
    [entry] = fetch(CATALOG).json()["entries"]
    assert fetch(entry["url"].removeprefix(ORIGIN)).status_code == 200


def test_key_without_a_path_is_refused(fetch, pinned, weather):
    pinned.MCP_RESOURCE = ORIGIN
    pinned.MCP_SERVER_CARDS = {"": weather}
    assert fetch(CATALOG).status_code == 500


def test_card_at_the_url_of_a_resource_is_refused(fetch, pinned, weather, caplog):
    pinned.MCP_RESOURCES = {"/mcp": {}, "/mcp/server-card": {}}
    assert fetch(CATALOG).status_code == 500
    assert f"its card is that of the resource {ORIGIN}/mcp/server-card" in caplog.text


def test_look_up_reads_each_key_of_a_long_setting_once(pinned, weather, monkeypatch):
    pinned.MCP_SERVER_CARDS = {f"/{number}": weather for number in range(1000)}
    read = []
    monkeypatch.setattr(
        "mcp_oauth_discovery.discovery.card_entries.path_of", lambda key: read.append(key) or key
    )
    for path in ("/999", "/unknown", "/other"):
        has_card_at(path)
    assert len(read) == 1000
    assert has_card_at("/999")
    assert not has_card_at("/unknown")


def test_setting_changed_by_another_thread_is_never_an_error(fetch, pinned, weather):
    pinned.MCP_RESOURCES = {f"/{number}": {} for number in range(200)}
    cards = {
        key: {**weather, "name": f"com.example{key}"} for key in list(pinned.MCP_RESOURCES)[:100]
    }
    pinned.MCP_SERVER_CARDS = cards
    is_over = threading.Event()

    def change():
        while not is_over.is_set():
            for key in pinned.MCP_RESOURCES:
                cards.pop(key, None)
                cards[key] = {**weather, "name": f"com.example{key}"}

    thread = threading.Thread(target=change)
    thread.start()
    try:
        statuses = {(url, fetch(url).status_code) for url in (CATALOG, "/unknown/server-card") * 20}
    finally:
        is_over.set()
        thread.join()
    assert statuses == {(CATALOG, 200), ("/unknown/server-card", 404)}
