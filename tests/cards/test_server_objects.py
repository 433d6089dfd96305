"""The members of a card that come from a server object."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.discovery.cards import configured_cards, read_card
from mcp_oauth_discovery.identity import Site
from tests import ORIGIN
from tests.cards import servers

MEMBERS = {
    "name": "com.example/people",
    "version": "2.1",
    "title": "People",
    "description": "Finds people.",
    "websiteUrl": f"{ORIGIN}/people",
    "icons": [servers.ICON],
}
OWN = {"name": "com.example/own", "version": "1.0", "description": "What the entry says."}


@pytest.fixture
def card(settings):
    """Return the members of the card of an entry with a server, but not the derived ones."""
    settings.MCP_ISSUER = ORIGIN

    def card(server, **members):
        is_name = isinstance(server, str) and server
        path = f"tests.cards.servers.{server}" if is_name else server
        settings.MCP_SERVER_CARDS = {"/mcp": {"server": path, **members}}
        [entry] = configured_cards(Site(None))
        document = read_card(entry)
        del document["$schema"], document["remotes"]
        return document

    return card


@pytest.fixture
def refused(card):
    def refused(server, **members):
        with pytest.raises(Misconfigured) as caught:
            card(server, **members)
        assert caught.value.setting == "MCP_SERVER_CARDS"
        return caught.value

    return refused


@pytest.mark.parametrize("server", ["mcpz", "sdk", "low_level", "view", "bare_view"])
def test_all_members_come_from_the_server(card, server):
    assert card(server) == MEMBERS


@pytest.mark.parametrize("server", ["mcpz", "sdk", "low_level"])
def test_members_of_the_entry_come_first(card, server):
    assert card(server, title="Own", **OWN) == {**MEMBERS, **OWN, "title": "Own"}


@pytest.mark.parametrize("empty", [None, "", []])
def test_empty_member_of_the_entry_is_that_of_the_server(card, empty):
    assert card("mcpz", version=empty, icons=empty) == MEMBERS


@pytest.mark.parametrize("server", ["bare_mcpz", "bare_sdk", "bare_low_level", "bare_fastmcp"])
def test_server_without_members_adds_none(card, server):
    assert card(server, **OWN) == OWN


@pytest.mark.parametrize("server", ["bare_mcpz", "bare_sdk", "bare_low_level"])
def test_what_neither_entry_nor_server_has_is_missing(refused, server):
    fault = refused(server, name="com.example/people", description="Finds people.")
    assert fault.problem.endswith(": 'version' is missing, both here and in the server.")
    assert fault.hint == 'Add "version": "1.0.0".'


def test_name_without_a_domain_is_not_that_of_a_card(refused):
    assert "'name' is missing, both here and in the server" in refused("bare_mcpz").problem


def test_version_of_fastmcp_itself_is_not_that_of_the_server(refused, monkeypatch):
    module = ModuleType("fastmcp")
    module.__version__ = "4.2.3"
    monkeypatch.setitem(sys.modules, "fastmcp", module)
    own = {"name": "com.example/people", "description": "Finds people."}
    assert "'version' is missing" in refused("bare_fastmcp", **own).problem


def test_version_of_a_server_of_fastmcp(card):
    assert card("fastmcp", **{**OWN, "version": None}) == {**OWN, "version": "0.3"}


def test_version_inside_of_fastmcp_in_version_1_of_the_sdk(card):
    assert card("fastmcp_of_the_sdk", **{**OWN, "version": None}) == {**OWN, "version": "0.3"}


def test_icons_on_this_site_have_absolute_urls(card):
    assert card("at_paths", **OWN)["icons"] == [
        {"src": f"{ORIGIN}/people.svg", "mimeType": "image/svg+xml"},
        {"src": f"{ORIGIN}/static/people.png", "mimeType": "image/png", "sizes": ["any"]},
    ]


MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


@pytest.fixture
def manifest(settings, tmp_path):
    """Have the static files in a storage that does not know any."""
    settings.STATIC_ROOT = tmp_path
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": MANIFEST}}


@pytest.mark.usefixtures("manifest")
def test_icon_without_a_url_is_refused(refused):
    fault = refused("lost_icon", **OWN)
    assert "the icons of this server cannot be used: an Icon raised " in str(fault)
    assert "Missing staticfiles manifest entry" in fault.problem
    assert 'add "icons": [{"src": ' in fault.hint


@pytest.mark.usefixtures("manifest")
def test_icon_without_a_url_is_no_fault_where_the_entry_has_icons(card):
    assert card("lost_icon", icons=[servers.ICON], **OWN)["icons"] == [servers.ICON]


@pytest.mark.parametrize(
    ("server", "member", "problem"),
    [
        ("long", "description", "expected 1 to 100 characters, not 101"),
        ("ranged", "version", "expected one version, not a range"),
        ("icon_of_no_size", "icons", "'sizes': expected a list of sizes, not str"),
        ("icons_by_mistake", "icons", "expected a list of icons, not int"),
    ],
)
def test_wrong_member_of_the_server_is_refused(refused, server, member, problem):
    own = {name: value for name, value in OWN.items() if name != member}
    fault = refused(server, **own)
    path = f"MCP_SERVER_CARDS['/mcp']['server'] is 'tests.cards.servers.{server}': "
    assert fault.problem == f"{path}the {member} of this server cannot be used: {problem}."
    assert f'add "{member}": ' in fault.hint


def test_wrong_member_of_the_server_is_no_fault_where_the_entry_has_it(card):
    assert card("long", **OWN) == OWN


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("missing", "the import raised ImportError: "),
        ("number", "expected a server of django-mcpz, the MCP SDK or FastMCP, not int"),
        ("page", "expected a server of django-mcpz, the MCP SDK or FastMCP, not function"),
        ("MCPServer", "expected a server of django-mcpz, the MCP SDK or FastMCP, not type"),
        (servers.mcpz, "expected the dotted path of the server object, not MCPServer"),
        (5, "expected the dotted path of the server object, not int"),
    ],
)
def test_what_is_no_server_is_refused(refused, server, problem):
    fault = refused(server, **OWN)
    assert "MCP_SERVER_CARDS['/mcp']['server'] is " in fault.problem
    assert problem in fault.problem
    assert fault.hint.endswith('"server": "project.servers.weather".')


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import none_such", "ModuleNotFoundError: No module named 'none_such'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("from broken_servers import people", "ImportError: cannot import name 'people'"),
        ("def", "SyntaxError: "),
    ],
    ids=["missing package", "exception", "circular import", "syntax"],
)
def test_module_that_cannot_be_imported_is_refused(
    settings, refused, tmp_path, monkeypatch, source, reason
):
    (tmp_path / "broken_servers.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_servers", raising=False)
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SERVER_CARDS = {"/mcp": {"server": "broken_servers.people"}}
    [entry] = configured_cards(Site(None))
    with pytest.raises(Misconfigured, match=reason):
        read_card(entry)


@pytest.mark.parametrize("empty", [None, "", []])
def test_empty_path_is_no_server(card, empty):
    assert card(empty, **OWN) == OWN


def test_server_is_not_published(settings, client):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SERVER_CARDS = {"/mcp": {"server": "tests.cards.servers.mcpz"}}
    answer = client.get("/mcp/server-card").json()
    assert answer == {**MEMBERS, "$schema": answer["$schema"], "remotes": answer["remotes"]}


def test_fault_of_the_server_is_a_500_with_a_line_in_the_log(settings, client, caplog):
    settings.MCP_ISSUER = ORIGIN
    settings.MCP_SERVER_CARDS = {"/mcp": {"server": "tests.cards.servers.number"}}
    assert client.get("/mcp/server-card").status_code == 500
    assert "MCP_SERVER_CARDS['/mcp']['server'] is 'tests.cards.servers.number'" in caplog.text
