"""`docs/server-cards.md`, run as it is written: settings, views, requests and both documents."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType

import pytest
from django.http import HttpResponse
from django.urls import include, path, re_path, reverse

from example_project import servers
from mcp_oauth_discovery.checks import check_settings
from mcp_oauth_discovery.discovery.card_entries import SERVER
from mcp_oauth_discovery.discovery.server_objects import ATTRIBUTES
from mcp_oauth_discovery.standards import server_cards
from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG, CATALOG_TYPE
from tests.integrations.pages import parse_curl
from tests.markdown import blocks, first_column, read, section

PAGE = read("docs/server-cards.md")
CARD = "/mcp/server-card"
JSON = "application/json"

urlpatterns = [path("", include("mcp_oauth_discovery.urls"))]


def run(heading, name="documented"):
    """Return the module that the one Python block below a heading makes."""
    [code] = blocks(section(PAGE, heading), "python")
    module = ModuleType(name)
    exec(compile(code, "docs/server-cards.md", "exec"), vars(module))  # noqa: S102
    return module


@pytest.fixture
def documented(settings, monkeypatch):
    """Give the settings the values of a block, or make its URL patterns those of the site."""

    def documented(heading):
        module = run(heading)
        for name, value in vars(module).items():
            if name.startswith("MCP_"):
                setattr(settings, name, value)
        if hasattr(module, "urlpatterns"):
            monkeypatch.setitem(sys.modules, module.__name__, module)
            settings.ROOT_URLCONF = module.__name__

    return documented


@pytest.fixture(autouse=True)
def _started(settings, documented):
    settings.ROOT_URLCONF = __name__
    documented("Start")


def test_requests_get_the_shown_status(fetch):
    lines = "".join(blocks(section(PAGE, "Start"), "console")).splitlines()
    requests = [parse_curl(line.removeprefix("curl ")) for line in lines]
    assert [request.status for request in requests] == [200, 200]
    for request in requests:
        assert fetch(request.url).status_code == request.status


def test_shown_documents_are_the_published_ones(fetch):
    catalog, card = (json.loads(code) for code in blocks(section(PAGE, "Start"), "json"))
    assert list(fetch(CATALOG).json().items()) == list(catalog.items())
    assert list(fetch(CARD).json().items()) == list(card.items())


def test_table_has_every_member_that_is_checked_or_filled_in():
    text = section(PAGE, "The members of a card")
    expected = {*server_cards.MEMBERS, *server_cards.FILLED_IN, SERVER}
    assert set(first_column(text)) == expected
    required = re.findall(r"^\| `([^`]+)` \|.*\| yes \| [^|]+ \|$", text, re.M)
    assert tuple(required) == server_cards.REQUIRED
    from_server = re.findall(r"^\| `([^`]+)` \|.*\| (?:yes|if it has a domain) \|$", text, re.M)
    assert set(from_server) == set(ATTRIBUTES)


@pytest.mark.parametrize(
    ("name", "longest"), [("name", 200), ("version", 255), ("description", 100), ("title", 100)]
)
def test_longest_value_is_the_documented_one(name, longest):
    start = "com.example/" if name == "name" else ""
    server_cards.check_card_member(name, start.ljust(longest, "a"))
    with pytest.raises(ValueError, match=f"1 to {longest} characters"):
        server_cards.check_card_member(name, start.ljust(longest + 1, "a"))
    assert re.search(rf"^\| `{name}` \|.*at most {longest} characters", PAGE, re.M)


def test_wrong_member_leaves_the_other_documents_alone(settings, fetch):
    metadata = "/.well-known/oauth-protected-resource/mcp"
    before = fetch(metadata).content
    settings.MCP_SERVER_CARDS["/mcp"]["version"] = "1.x"
    assert [fetch(url).status_code for url in (CATALOG, CARD)] == [500, 500]
    assert fetch(metadata).content == before


def test_card_takes_what_the_entry_does_not_set_from_the_server(documented, fetch):
    documented("From the server object")
    assert check_settings() == []
    card = fetch(CARD).json()
    info = servers.people.server_info
    assert (card["version"], card["title"]) == (info["version"], info["title"])
    assert card["name"] == f"com.example/{info['name']}"
    assert "server" not in card


def test_named_urls_are_those_of_the_documents():
    shown = re.search(r'\{% url "(.+?)" path="(.+?)" %\}', section(PAGE, "The URLs"))
    assert reverse(shown[1], kwargs={"path": shown[2]}) == CARD
    assert reverse("mcp_oauth_discovery:server-card") == "/server-card"
    assert reverse("mcp_oauth_discovery:ai-catalog") == CATALOG


@pytest.mark.parametrize("url", [CATALOG, CARD])
def test_one_final_slash_makes_no_difference(fetch, url):
    assert fetch(f"{url}/").content == fetch(url).content
    assert fetch(f"{url}//").status_code == 404


def test_disabled_resource_has_no_card_and_no_entry(settings, documented, fetch):
    documented("Several servers")
    settings.MCP_RESOURCES["/files/mcp"]["enabled"] = False
    assert check_settings() == []
    assert fetch("/files/mcp/server-card").status_code == 404
    [entry] = fetch(CATALOG).json()["entries"]
    assert entry["displayName"] == "com.example/tools"


def test_other_card_of_the_project_is_not_hidden(settings, fetch):
    # Their patterns come after the include.
    theirs = re_path(r"(server-card|ai-catalog\.json)\Z", lambda *args: HttpResponse("theirs"))
    settings.ROOT_URLCONF = (*urlpatterns, theirs)
    assert fetch(CARD)["content-type"] == CARD_TYPE
    assert fetch("/shop/server-card").content == b"theirs"
    settings.MCP_SERVER_CARDS = {}
    assert {fetch(url).content for url in (CATALOG, CARD)} == {b"theirs"}


@pytest.mark.parametrize(("url", "own_type"), [(CATALOG, CATALOG_TYPE), (CARD, CARD_TYPE)])
def test_headers_are_the_documented_ones(fetch, url, own_type):
    response = fetch(url, headers={"accept": own_type})
    assert own_type in section(PAGE, "HTTP")
    assert response["content-type"] == own_type
    assert response["vary"].startswith("Accept")
    assert response["access-control-expose-headers"] == "ETag"
    unchanged = fetch(url, headers={"accept": own_type, "if-none-match": response["etag"]})
    assert (unchanged.status_code, unchanged["vary"][:6]) == (304, "Accept")


@pytest.mark.parametrize(("url", "own_type"), [(CATALOG, CATALOG_TYPE), (CARD, CARD_TYPE)])
def test_type_is_the_one_that_a_client_prefers(fetch, url, own_type):
    first, as_json, neither = (
        fetch(url, headers={"accept": accept}) for accept in ("*/*", JSON, "text/html")
    )
    types = [response["content-type"] for response in (first, as_json, neither)]
    assert types == [own_type, JSON, own_type]
    assert first.content == as_json.content
    assert first["etag"] == neither["etag"] != as_json["etag"]


def test_unpinned_documents_are_not_stored(settings, fetch):
    assert fetch(CARD)["cache-control"] == "public, max-age=300"
    del settings.MCP_ISSUER
    assert {fetch(url)["cache-control"] for url in (CATALOG, CARD)} == {"no-store"}


def test_catalogue_lists_servers_in_the_order_of_the_setting(documented, fetch):
    documented("Several servers")
    assert check_settings() == []
    cards = [fetch(entry["url"]).json() for entry in fetch(CATALOG).json()["entries"]]
    assert [card["remotes"][0]["url"] for card in cards] == [
        "https://app.example.com/files/mcp",
        "https://tools.example.com/mcp",
    ]


@pytest.mark.parametrize("middleware", [[], ["DiscoveryMiddleware"]], ids=["without", "with"])
@pytest.mark.parametrize("is_pinned", [True, False], ids=["pinned", "derived"])
def test_catalogue_of_the_project_has_its_host_and_artifacts(
    settings, documented, fetch, middleware, is_pinned
):
    usual = fetch(CATALOG).json()
    documented("Your own catalogue")
    settings.MIDDLEWARE = [f"mcp_oauth_discovery.middleware.{name}" for name in middleware]
    if not is_pinned:
        del settings.MCP_ISSUER
    response = fetch(CATALOG)
    assert response["content-type"] == CATALOG_TYPE
    assert (response["cache-control"] == "no-store") is not is_pinned
    catalog = response.json()
    assert catalog["host"]["displayName"] == "Example Ltd"
    assert catalog["entries"][:-1] == usual["entries"]
    assert catalog["entries"][-1]["type"] == "application/a2a-agent-card+json"
    # The next request gets the same: nothing was added to what the app keeps.
    assert fetch(CATALOG).json() == catalog


def test_catalogue_of_the_project_is_a_404_without_any_card(settings, documented, fetch):
    documented("Your own catalogue")
    settings.MCP_SERVER_CARDS = {}
    assert fetch(CATALOG).status_code == 404


def test_card_of_the_project_has_its_protocol_versions(documented, fetch):
    usual = fetch(CARD).json()
    documented("Your own card")
    response = fetch(CARD)
    assert response["content-type"] == CARD_TYPE
    [remote] = response.json()["remotes"]
    assert remote.pop("supportedProtocolVersions")[0] == "2026-07-28"
    assert {**response.json(), "remotes": [remote]} == usual


def test_catalogue_is_also_the_manifest_of_another_specification(documented, fetch):
    documented("Which versions")
    responses = [fetch(url) for url in (CATALOG, "/.well-known/ard.json")]
    assert responses[0].status_code == 200
    assert responses[0].content == responses[1].content
    assert responses[0]["content-type"] == responses[1]["content-type"]


def test_followed_versions_are_the_published_ones(fetch):
    text = section(PAGE, "Which versions")
    assert server_cards.SCHEMA in text
    assert f'`specVersion` is `"{fetch(CATALOG).json()["specVersion"]}"`' in text
    form = "urn:air:{domain}:mcp:{name}"
    assert f"`{form}`" in text
    identifier = server_cards.catalog_identifier("com.example/weather")
    assert identifier == form.format(domain="example.com", name="weather")


def test_without_the_setting_nothing_is_served(settings, fetch):
    settings.MCP_SERVER_CARDS = {}
    assert [fetch(url).status_code for url in (CATALOG, CARD)] == [404, 404]
