"""The command `mcp_discovery show`."""

from __future__ import annotations

import json

import pytest
from django.test.utils import override_script_prefix

from mcp_oauth_discovery import rotation
from mcp_oauth_discovery.discovery.cards import configured_cards
from mcp_oauth_discovery.doctor.project.provenance import card_sources
from tests.keys import broken_database, unreadable_keys

pytestmark = pytest.mark.django_db

PRM = "https://app.example.com/.well-known/oauth-protected-resource"
SERVER = "https://app.example.com/.well-known/oauth-authorization-server"
JWKS = "https://app.example.com/.well-known/jwks.json"
CATALOG = "https://app.example.com/.well-known/ai-catalog.json"
CARD = "https://app.example.com/mcp/server-card"
WEATHER = {"name": "com.example/weather", "version": "1.0.0", "description": "Forecasts."}


@pytest.fixture
def shown(healthy, run):
    """Return a function that shows the documents, by their URLs."""

    def shown(*arguments: str) -> dict[str, dict]:
        output, message = run("show", "--json", *arguments)
        assert message == ""
        return {one["url"]: one for one in json.loads(output)["documents"]}

    return shown


def sources(document: dict) -> dict[str, str]:
    return {name: f"{one['kind']}: {one['detail']}" for name, one in document["sources"].items()}


def test_documents_are_those_that_are_served(healthy, shown, fetch):
    for url, document in shown().items():
        assert document["document"] == fetch(url).json()
        assert (document["status"], document["cache_control"]) == (200, "public, max-age=300")


def test_every_document_is_there(shown):
    assert list(shown()) == [f"{PRM}/mcp", SERVER, JWKS]


def test_every_value_has_a_source(shown):
    for document in shown().values():
        assert list(document["sources"]) == list(document["document"])


def test_pinned_issuer_is_a_setting_and_the_rest_follows(shown):
    documents = shown()
    assert sources(documents[f"{PRM}/mcp"]) == {
        "resource": "default: /mcp below the issuer, from MCP_ISSUER",
        "authorization_servers": "default: the issuer, from MCP_ISSUER",
        "bearer_methods_supported": "default: the only method of MCP",
    }
    told = sources(documents[SERVER])
    assert told["issuer"] == "setting: MCP_ISSUER"
    assert told["token_endpoint"] == told["jwks_uri"] == "default: from MCP_ISSUER"
    assert told["response_types_supported"] == "default: for MCP clients"
    assert sources(documents[JWKS]) == {"keys": "keys: manage.py mcp_keys list"}


def test_algorithms_are_a_setting_only_if_it_is_there(healthy, shown):
    member = "id_token_signing_alg_values_supported"
    default = "default: that of MCP_SIGNING_ALGORITHMS, and the keys"
    assert sources(shown()[SERVER])[member] == default
    healthy.MCP_SIGNING_ALGORITHMS = ["EdDSA"]
    assert sources(shown()[SERVER])[member] == "setting: MCP_SIGNING_ALGORITHMS, and the keys"


def test_every_value_with_the_host_of_the_request_is_of_the_request(healthy, shown):
    healthy.MCP_ISSUER = None
    healthy.MCP_RESOURCE_METADATA = {"jwks_uri": "/keys", "resource_documentation": "https://d.e"}
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {
        "token_endpoint": "/t",
        "revocation_endpoint": "https://b.example.com/r",
    }
    [prm, server, _] = shown("--host", "b.example.com").values()
    assert prm["url"].startswith("https://b.example.com/")
    assert prm["cache_control"] == "no-store"
    host = "the scheme and host of the request"
    assert sources(prm) == {
        "resource": f"request: /mcp at {host}",
        "authorization_servers": f"request: {host}",
        "bearer_methods_supported": "default: the only method of MCP",
        "jwks_uri": f"request: MCP_RESOURCE_METADATA, at {host}",
        "resource_documentation": "setting: MCP_RESOURCE_METADATA",
    }
    told = sources(server)
    assert told["issuer"] == f"request: {host}"
    assert told["authorization_endpoint"] == f"request: a default path at {host}"
    assert told["token_endpoint"] == f"request: MCP_AUTHORIZATION_SERVER_METADATA, at {host}"
    assert told["revocation_endpoint"] == "setting: MCP_AUTHORIZATION_SERVER_METADATA"
    assert told["response_types_supported"] == "default: for MCP clients"


def test_path_of_a_resource_at_the_host_of_the_request_is_of_the_request(healthy, shown):
    healthy.MCP_ISSUER = None
    healthy.MCP_RESOURCES = {"/files/mcp": {"jwks_uri": "mcp_oauth_discovery:jwks"}}
    [prm, *_] = shown("--host", "b.example.com").values()
    host = "the scheme and host of the request"
    assert sources(prm)["resource"] == f"request: MCP_RESOURCES, at {host}"
    assert sources(prm)["jwks_uri"] == f"request: MCP_RESOURCES['/files/mcp'], at {host}"


def test_called_settings_are_told(healthy, shown):
    healthy.MCP_ISSUER = lambda request: "https://app.example.com"
    healthy.MCP_RESOURCE = lambda request: "https://app.example.com/mcp"
    documents = shown("--host", "app.example.com")
    assert sources(documents[SERVER])["issuer"] == "setting: MCP_ISSUER, called with the request"
    assert sources(documents[f"{PRM}/mcp"])["resource"] == (
        "setting: MCP_RESOURCE, called with the request"
    )


def test_members_of_settings_are_told(healthy, shown):
    healthy.MCP_RESOURCE_METADATA = {"scopes_supported": ["mcp"], "resource_name": "All"}
    healthy.MCP_RESOURCES = {
        "/files/mcp": {"resource_name": "Files", "resource_documentation": None},
        "https://app.example.com/b": {},
    }
    healthy.MCP_AUTHORIZATION_SERVERS = ["https://login.example.net"]
    documents = shown()
    assert list(documents) == [f"{PRM}/files/mcp", f"{PRM}/b", JWKS]
    assert sources(documents[f"{PRM}/files/mcp"]) == {
        "resource": "setting: MCP_RESOURCES, on the origin from MCP_ISSUER",
        "authorization_servers": "setting: MCP_AUTHORIZATION_SERVERS",
        "bearer_methods_supported": "default: the only method of MCP",
        "scopes_supported": "setting: MCP_RESOURCE_METADATA",
        "resource_name": "setting: MCP_RESOURCES['/files/mcp']",
    }
    assert sources(documents[f"{PRM}/b"])["resource"] == "setting: MCP_RESOURCES"


def test_members_of_the_server_are_told(healthy, shown):
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"scopes_supported": ["mcp"]}
    told = sources(shown()[SERVER])
    assert told["scopes_supported"] == "setting: MCP_AUTHORIZATION_SERVER_METADATA"


def test_signed_metadata_comes_from_the_keys(healthy, shown):
    healthy.MCP_SIGNED_METADATA = True
    rotation.rotate("RS256")
    assert sources(shown()[SERVER])["signed_metadata"] == "keys: MCP_SIGNED_METADATA"


def test_what_a_view_adds_is_told(healthy, shown):
    healthy.ROOT_URLCONF = "tests.doctor.own_view_urls"
    told = sources(shown()[SERVER])
    assert told["scopes_supported"] == told["token_endpoint"] == "view: a view of the project"
    assert told["issuer"] == "setting: MCP_ISSUER"


def test_disabled_resource_is_not_shown(healthy, shown):
    healthy.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}}
    assert list(shown()) == [f"{PRM}/a", SERVER, JWKS]


def test_issuer_with_a_path_is_shown_where_clients_look(healthy, shown):
    healthy.MCP_ISSUER = "https://app.example.com/t1"
    assert list(shown())[:2] == [f"{PRM}/t1/mcp", f"{SERVER}/t1"]


def test_documents_are_at_the_urls_that_clients_are_given(healthy, shown):
    healthy.MCP_RESOURCES = {"/a/": {}}
    healthy.FORCE_SCRIPT_NAME = "/site"
    with override_script_prefix("/site/"):
        documents = shown()
    keys = "https://app.example.com/site/.well-known/jwks.json"
    assert list(documents)[::2] == [f"{PRM}/a/", keys]
    assert documents[SERVER]["document"]["jwks_uri"] == keys
    assert {document["status"] for document in documents.values()} == {200}


def test_what_is_not_routed_is_shown_as_that(healthy, shown):
    healthy.ROOT_URLCONF = "tests.doctor.failing_urls"
    healthy.MCP_AUTHORIZATION_SERVER_METADATA = {"jwks_uri": "https://app.example.com/keys"}
    assert {one["status"] for one in shown().values()} == {404}


# Server cards and the catalogue


def test_cards_and_the_catalogue_follow_the_other_documents(healthy, shown):
    healthy.MCP_RESOURCES = {"/a": {}, "/b": {"enabled": False}, "/%C3%BC": {}}
    healthy.MCP_SERVER_CARDS = {
        key: {**WEATHER, "name": f"com.example/{number}"}
        for number, key in enumerate(healthy.MCP_RESOURCES)
    }
    cards = [f"https://app.example.com/{path}/server-card" for path in ("a", "%C3%BC")]
    assert list(shown())[3:] == [JWKS, *cards, CATALOG]


def test_cards_and_the_catalogue_are_those_that_are_served(healthy, shown, fetch):
    healthy.MCP_SERVER_CARDS = {"/mcp": {**WEATHER, "icons": ({"src": "https://d.e/i.png"},)}}
    documents = shown()
    for url in (CARD, CATALOG):
        assert documents[url]["document"] == fetch(url).json()
        assert documents[url]["status"] == 200
        assert documents[url]["cache_control"] == "public, max-age=300"


def test_members_of_a_card_are_from_its_entry_and_the_others_are_derived(healthy, shown):
    healthy.MCP_SERVER_CARDS = {"/mcp": {**WEATHER, "icons": ({"src": "https://d.e/i.png"},)}}
    entry = "setting: MCP_SERVER_CARDS['/mcp']"
    assert sources(shown()[CARD]) == {
        "$schema": "derived: the version of the schema",
        "name": entry,
        "version": entry,
        "description": entry,
        "icons": entry,
        "remotes": "derived: the resource, /mcp below the issuer, from MCP_ISSUER",
    }


def test_members_of_the_catalogue_are_derived(healthy, shown):
    healthy.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    assert sources(shown()[CATALOG]) == {
        "specVersion": "derived: the version of the specification",
        "entries": "derived: the server cards",
    }


def test_urls_of_cards_at_the_host_of_the_request_are_of_the_request(healthy, shown):
    healthy.MCP_ISSUER = None
    healthy.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    documents = shown("--host", "b.example.com")
    card = documents["https://b.example.com/mcp/server-card"]
    catalog = documents["https://b.example.com/.well-known/ai-catalog.json"]
    host = "the scheme and host of the request"
    assert sources(card)["remotes"] == f"request: /mcp at {host}"
    assert sources(catalog)["entries"] == f"request: the server cards, at {host}"


def test_members_that_the_entry_leaves_out_are_from_the_server_object(healthy, site):
    members = {**WEATHER, "version": "", "server": "weather.servers.mcp"}
    healthy.MCP_SERVER_CARDS = {"/mcp": members}
    [entry] = configured_cards(site)
    found = card_sources(entry, {**WEATHER, "version": "2.0.0", "title": "Weather"})
    assert found["name"] == ("setting", "MCP_SERVER_CARDS['/mcp']")
    assert found["version"] == found["title"] == ("server", "weather.servers.mcp")


def test_what_a_view_adds_to_cards_and_the_catalogue_is_told(healthy, shown):
    healthy.ROOT_URLCONF = "tests.doctor.own_view_urls"
    healthy.MCP_SERVER_CARDS = {"/mcp": WEATHER}
    documents = shown()
    own = "view: a view of the project"
    assert sources(documents[CARD])["title"] == own
    assert sources(documents[CATALOG])["entries"] == own
    assert sources(documents[CATALOG])["specVersion"].startswith("derived: ")


def test_catalogue_without_an_enabled_resource_is_a_404(healthy, shown):
    healthy.MCP_RESOURCES = {"/a": {"enabled": False}}
    healthy.MCP_SERVER_CARDS = {"/a": WEATHER}
    documents = shown()
    assert list(documents) == [SERVER, JWKS, CATALOG]
    assert (documents[CATALOG]["status"], documents[CATALOG]["error"]) == (404, "")


def test_cards_below_a_prefix_are_at_the_urls_that_clients_are_given(healthy, shown):
    healthy.FORCE_SCRIPT_NAME = "/site"
    healthy.MCP_ISSUER = "https://app.example.com/site"
    healthy.MCP_SERVER_CARDS = {"/site/mcp": WEATHER}
    with override_script_prefix("/site/"):
        documents = shown()
    card = "https://app.example.com/site/mcp/server-card"
    assert [documents[url]["status"] for url in (card, CATALOG)] == [200, 200]
    assert documents[CATALOG]["document"]["entries"][0]["url"] == card


def test_wrong_card_is_an_error_of_its_own_and_of_the_catalogue(healthy, run):
    healthy.MCP_RESOURCES = {"/a": {}, "/b": {}}
    healthy.MCP_SERVER_CARDS = {"/a": WEATHER, "/b": {**WEATHER, "name": "weather"}}
    output, message = run("show", "--json")
    documents = json.loads(output)["documents"]
    [problem] = {one["error"] for one in documents if one["error"]}
    assert problem.startswith("MCP_SERVER_CARDS['/b']['name'] is 'weather'")
    assert [one["status"] for one in documents] == [200] * 5 + [500] * 2
    assert message == "2 of 7 documents cannot be served."


@pytest.mark.parametrize("cards", [{"/mpc": WEATHER}, [WEATHER]])
def test_wrong_keys_of_cards_are_an_error_of_the_catalogue(healthy, run, cards):
    healthy.MCP_SERVER_CARDS = cards
    output, message = run("show", "--json")
    last = json.loads(output)["documents"][-1]
    assert (last["url"], last["status"]) == (CATALOG, 500)
    assert last["error"].startswith("MCP_SERVER_CARDS")
    assert message == "1 of 4 documents cannot be served."


@pytest.mark.parametrize(
    ("name", "value", "errors", "message"),
    [
        (
            "MCP_JWKS_MAX_AGE",
            "long",
            [
                "",
                "",
                "MCP_JWKS_MAX_AGE is 'long': expected a whole number of seconds, 0 to 31536000 "
                "(365 days). Write, for example, MCP_JWKS_MAX_AGE = 300.",
            ],
            "1 of 3 documents cannot be served.",
        ),
        (
            "WSGI_APPLICATION",
            "tests.doctor.test_in_process.raising",
            ["No answer: RuntimeError: a reason."] * 3,
            "3 of 3 documents cannot be served.",
        ),
        (
            "WSGI_APPLICATION",
            "tests.doctor.test_show.unavailable",
            ["The project answers with an error. Read the log of the site."] * 3,
            "3 of 3 documents cannot be served.",
        ),
    ],
)
def test_document_that_cannot_be_served_is_an_error(healthy, run, name, value, errors, message):
    setattr(healthy, name, value)
    output, told = run("show", "--json")
    assert [one["error"] for one in json.loads(output)["documents"]] == errors
    assert told == message


def unavailable(environ, start_response):
    start_response("503 Service Unavailable", [])
    return [b""]


def test_database_that_is_down_is_told_and_not_logged(healthy, run, caplog):
    with broken_database():
        output, message = run("show")
    assert "  error: OperationalError: the database is down. Check the database. " in output
    assert message == "1 of 3 documents cannot be served."
    assert caplog.records == []


def test_database_before_the_first_migration_is_told_and_not_logged(healthy, run, caplog):
    with unreadable_keys():
        output, message = run("show")
    assert "no such table" in output
    assert "Has 'manage.py migrate' been run?" in output
    assert message == "1 of 3 documents cannot be served."
    assert caplog.records == []


def test_lines_have_value_and_source(healthy, run):
    healthy.MCP_RESOURCE_METADATA = {"resource_name": "Ünïcode \u202e"}
    output, _ = run("show")
    lines = output.split("\n")
    assert lines[:3] == [
        f"{PRM}/mcp  (200, Cache-Control: public, max-age=300)",
        '  resource: "https://app.example.com/mcp"',
        "      default: /mcp below the issuer, from MCP_ISSUER",
    ]
    assert '  resource_name: "Ünïcode \\u202e"' in lines


def test_lines_of_what_is_not_there(healthy, run):
    healthy.WSGI_APPLICATION = "tests.doctor.test_in_process.raising"
    output, _ = run("show")
    assert output.split("\n")[:2] == [
        f"{PRM}/mcp  (no answer)",
        "  error: No answer: RuntimeError: a reason.",
    ]


def test_wrong_setting_is_a_message(healthy, run):
    healthy.MCP_RESOURCE = "mcp"
    assert run("show")[1].startswith("MCP_RESOURCE is 'mcp'")
