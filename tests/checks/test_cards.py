"""Faults of `MCP_SERVER_CARDS`, and cards that do not agree with the URLconf or the server."""

from __future__ import annotations

from functools import wraps

import pytest
from django.urls import get_script_prefix, path, set_script_prefix
from django.views.decorators.cache import never_cache
from django_mcpz.server import MCPServer, public

from mcp_oauth_discovery.checks import check_settings
from mcp_oauth_discovery.protection import BearerProtection, protect
from mcp_oauth_discovery.urls import urlpatterns
from tests import ORIGIN
from tests.cards import servers
from tests.checks.conftest import MCP, OAUTH, OURS
from tests.urls import page

NAME, VERSION, TEXT = "com.example/people", "2.1", "Finds people."
CARD = {"name": NAME, "version": VERSION, "description": TEXT}
ICON = {"src": f"{ORIGIN}/icon.png"}
REPOSITORY = {"url": "https://github.com/example/people", "source": "github"}
FULL = {
    **CARD,
    "title": "People",
    "websiteUrl": f"{ORIGIN}/people",
    "repository": {**REPOSITORY, "subfolder": "src", "id": "7"},
    "icons": [{**ICON, "mimeType": "image/png", "sizes": ["48x48", "any"], "theme": "dark"}],
    "_meta": {"com.example/audience": "public", "plain": [1, None, True]},
    "x-own": {"any": ["JSON", 1.5]},
}


@pytest.fixture
def cards(settings, healthy_site, ids):
    """Return the IDs of all messages where these are the cards."""

    def cards(cards):
        settings.MCP_SERVER_CARDS = cards
        return ids()

    return cards


@pytest.fixture
def card(settings, healthy_site, run):
    """Return the messages where this is the only card, the one of `/mcp`."""

    def card(**members):
        settings.MCP_SERVER_CARDS = {"/mcp": members}
        return run()

    return card


@pytest.mark.parametrize("key", ["/mcp", f"{ORIGIN}/mcp"])
@pytest.mark.parametrize("members", [CARD, FULL], ids=["required members", "all members"])
def test_card_is_healthy(cards, key, members):
    assert cards({key: members}) == []


def test_icon_in_a_data_url_is_healthy(cards):
    icon = {"src": "data:image/svg+xml;base64,PHN2Zy8+"}
    assert cards({"/mcp": {**CARD, "icons": (icon,)}}) == []


@pytest.mark.parametrize("empty", [None, "", [], {}, ()])
def test_empty_optional_member_is_not_set(cards, empty):
    assert cards({"/mcp": {**FULL, "title": empty, "icons": empty, "_meta": empty}}) == []


@pytest.mark.parametrize("name", ["name", "version", "description"])
@pytest.mark.parametrize("empty", [None, "", {}])
def test_required_member_that_is_missing(card, name, empty):
    [message] = card(**{**CARD, name: empty})
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.endswith(f": {name!r} is missing.")
    assert message.hint.startswith(f'Add "{name}": "')


# One of each member: `tests/cards/test_forms.py` has all forms.
WRONG = [
    ("name", "people"),
    ("version", "1.x"),
    ("description", "a" * 101),
    ("title", ["People"]),
    ("websiteUrl", "/people"),
    ("repository", REPOSITORY["url"]),
    ("icons", [{**ICON, "theme": "blue"}]),
    ("_meta", {"a b": 1}),
    ("x-own", {1, 2}),
    ("title", 0),
    ("websiteUrl", False),
    (5, "x"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_member_of_a_wrong_form(settings, healthy_site, name, value):
    settings.MCP_SERVER_CARDS = {"/mcp": {**FULL, name: value}}
    [message] = check_settings()
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.startswith(f"MCP_SERVER_CARDS['/mcp'][{name!r}] is ")
    assert message.hint.startswith((f'Write, for example, "{name}": ', "Leave it out."))


@pytest.mark.parametrize(
    ("name", "value"),
    [("$schema", "https://example.com/schema"), ("remotes", [{"type": "sse", "url": ORIGIN}])],
)
def test_member_that_the_app_fills_in(card, name, value):
    [message] = card(**CARD, **{name: value})
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.endswith(f": {name!r} cannot be set here.")
    assert message.hint == "Leave it out: the app fills it in."


@pytest.mark.parametrize("value", [["/mcp"], "/mcp", 5, True, [("/mcp", CARD)]])
def test_cards_that_are_no_dict(cards, value):
    assert cards(value) == ["E018"]


@pytest.mark.parametrize("members", ["People", [NAME], 5, None, {}])
def test_card_that_is_no_dict_or_empty(cards, members):
    assert cards({"/mcp": members}) == ["E018"]


def test_every_faulty_card_is_reported(settings, cards):
    settings.MCP_RESOURCES = {"/mcp": {}, "/a": {}, "/b": {}}
    assert cards({"/mcp": {}, "/a": CARD, "/b": {**CARD, "version": "1.x"}}) == ["E018", "E018"]


@pytest.mark.parametrize("key", ["/other", "mcp", "/mcp/", f"{ORIGIN}/other", ORIGIN, 5, None, ""])
def test_key_that_names_no_resource(settings, run, key):
    settings.MCP_SERVER_CARDS = {key: CARD}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.startswith(f"MCP_SERVER_CARDS[{key!r}] is {{")
    assert message.msg.endswith(": its key is no resource of this site.")
    assert message.hint.startswith("Write a resource as the key, such as '/mcp', or add this one")


def test_hint_about_an_unknown_key_names_a_resource_of_this_site(settings, run):
    settings.MCP_RESOURCES = {"/files/mcp": {}}
    settings.MCP_SERVER_CARDS = {"/file/mcp": CARD}
    [message] = run()
    assert "such as '/files/mcp'" in message.hint


@pytest.mark.parametrize("key", ["/mpc", "name", 5])
def test_unknown_path_is_an_error_without_an_issuer(settings, cards, key):
    del settings.MCP_ISSUER
    settings.MCP_ALLOWED_ORIGINS = ["https://client.example.com"]
    assert cards({key: CARD}) == ["E018", *cards({})]


@pytest.mark.parametrize("keys", [("/mcp", f"{ORIGIN}/mcp"), (f"{ORIGIN}/mcp", "/mcp")])
def test_two_keys_for_one_resource(settings, run, keys):
    settings.MCP_SERVER_CARDS = {keys[0]: CARD, keys[1]: {**CARD, "name": "com.example/other"}}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.startswith(f"MCP_SERVER_CARDS[{keys[1]!r}] is ")
    assert message.msg.endswith(f": {keys[0]} is an entry for the same resource.")


def test_two_cards_of_one_name(settings, run):
    settings.MCP_RESOURCES = {"/mcp": {}, "/other/mcp": {}}
    settings.MCP_SERVER_CARDS = {"/mcp": CARD, "/other/mcp": CARD}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.E018"
    assert message.msg.startswith("MCP_SERVER_CARDS['/other/mcp'] is ")
    assert message.msg.endswith(": the card of /mcp has the same name.")


def test_card_of_a_disabled_resource_needs_the_right_form_too(settings, cards):
    settings.MCP_RESOURCES = {"/mcp": {}, "/off": {"enabled": False}}
    assert cards({"/mcp": CARD, "/off": CARD}) == []
    assert cards({"/mcp": CARD, "/off": {"name": 5}}) == ["E018"]


@pytest.mark.parametrize("key", ["/tenant/mcp", "https://tenant.example.com/mcp"])
def test_key_may_be_of_another_host_where_the_resource_depends_on_the_request(settings, cards, key):
    settings.MCP_RESOURCE = lambda request: 1 / 0
    assert cards({"/mcp": CARD, key: {**CARD, "name": "com.example/tenant"}}) == []
    assert cards({"/mcp": CARD, key: {"name": 5}}) == ["E018"]


def test_identifier_is_a_key_without_an_issuer(settings, cards):
    del settings.MCP_ISSUER
    settings.MCP_ALLOWED_ORIGINS = ["https://client.example.com"]
    without = cards({})
    assert cards({f"{ORIGIN}/mcp": CARD}) == without
    assert cards({"/mcp": {**CARD, "version": "1.x"}}) == ["E018", *without]


def test_server_that_cannot_be_imported_is_an_error(card):
    [message] = card(server="tests.cards.none.people", **CARD)
    assert message.id == "mcp_oauth_discovery.E018"
    assert "MCP_SERVER_CARDS['/mcp']['server'] is 'tests.cards.none.people': " in message.msg
    assert "No module named 'tests.cards.none'" in message.msg


def test_server_that_has_all_members_is_healthy(card):
    assert card(server="tests.cards.servers.sdk") == []


# The URLs of cards and catalogue.


def test_routes_of_another_app_before_ours(settings, run, urlconf):
    settings.MCP_SERVER_CARDS = {"/mcp": CARD}
    others = [path("mcp/server-card", page), path(".well-known/ai-catalog.json", page)]
    urlconf(*others, OURS, *OAUTH, MCP)
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W007"
    assert "/.well-known/ai-catalog.json (tests.urls.page)" in message.msg
    assert "/mcp/server-card (tests.urls.page)" in message.msg


def test_routes_of_another_app_are_theirs_without_cards(ids, urlconf):
    others = [path("mcp/server-card", page), path(".well-known/ai-catalog.json", page)]
    urlconf(*others, OURS, *OAUTH, MCP)
    assert ids() == []


def test_card_of_another_endpoint_is_no_concern(settings, ids, urlconf):
    settings.MCP_SERVER_CARDS = {"/mcp": CARD}
    urlconf(path("shop/server-card", page), OURS, *OAUTH, MCP)
    assert ids() == []


def test_card_that_is_not_routed(settings, run, urlconf):
    settings.MCP_SERVER_CARDS = {"/mcp": CARD}
    urlconf(*urlpatterns[:-2], *OAUTH, MCP)
    [message] = [one for one in run() if "has no route" in one.msg]
    assert message.id == "mcp_oauth_discovery.W001"
    assert "for /.well-known/ai-catalog.json and /mcp/server-card." in message.msg


def test_card_is_routed_below_a_script_prefix(settings, ids, urlconf, script_prefix):
    script_prefix("/app/")
    settings.MCP_RESOURCES = {f"{ORIGIN}/app/mcp": {}, f"{ORIGIN}/mcp": {}}
    settings.MCP_SERVER_CARDS = {"/app/mcp": CARD}
    assert ids() == []
    urlconf(path("mcp/server-card", page), OURS, *OAUTH, MCP)
    assert ids() == ["W007"]


def test_card_of_an_endpoint_outside_of_the_script_prefix(settings, run, script_prefix):
    script_prefix("/app/")
    settings.MCP_RESOURCES = {f"{ORIGIN}/app/mcp": {}, f"{ORIGIN}/mcp": {}}
    settings.MCP_SERVER_CARDS = {"/mcp": CARD}
    [message] = run()
    assert message.id == "mcp_oauth_discovery.W001"
    assert message.msg.startswith("FORCE_SCRIPT_NAME is '/app': Django gets no request for https")
    assert "/mcp/server-card, and the catalogue lists it." in message.msg


@pytest.fixture
def script_prefix(settings):
    before = get_script_prefix()

    def script_prefix(prefix):
        settings.FORCE_SCRIPT_NAME = prefix.rstrip("/")
        set_script_prefix(prefix)

    yield script_prefix
    set_script_prefix(before)


# Settings and server.

MCPZ, SDK = "tests.cards.servers.mcpz", "tests.cards.servers.sdk"


@pytest.mark.parametrize("server", [MCPZ, SDK])
def test_entry_that_repeats_its_server_is_healthy(card, server):
    members = {"title": "People", "websiteUrl": f"{ORIGIN}/people", "icons": (servers.ICON,)}
    assert card(server=server, **CARD, **members) == []


@pytest.mark.parametrize("server", [MCPZ, SDK])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "com.example/persons"),
        ("version", "2.2"),
        ("title", "Persons"),
        ("description", "Finds persons."),
        ("websiteUrl", f"{ORIGIN}/persons"),
        ("icons", [ICON]),
    ],
)
def test_member_that_differs_from_the_server(card, server, name, value):
    [message] = card(server=server, **{name: value})
    assert message.id == "mcp_oauth_discovery.W047"
    assert message.msg.startswith(f"MCP_SERVER_CARDS['/mcp'][{name!r}] is ")
    assert "the MCP server has " in message.msg


def test_message_has_both_values_and_what_to_type(card):
    [message] = card(server=MCPZ, version="2.2")
    assert message.msg == (
        "MCP_SERVER_CARDS['/mcp']['version'] is '2.2': the MCP server has '2.1' there, and clients "
        "see both."
    )
    assert message.hint == (
        'Leave "version" out of the entry to publish that of the server, '
        "or give both the same value."
    )


def test_every_member_that_differs_is_reported(cards):
    entry = {**CARD, "server": MCPZ, "version": "2.2", "title": "Persons"}
    assert cards({"/mcp": entry}) == ["W047", "W047"]


@pytest.mark.parametrize("name", ["com.example/people", "org.other/people"])
def test_name_without_a_domain_agrees_with_every_domain(card, name):
    assert card(server="tests.cards.servers.bare_sdk", **{**CARD, "name": name}) == []


def test_name_that_differs_without_a_domain(card):
    members = {**CARD, "name": "com.example/persons"}
    [message] = card(server="tests.cards.servers.bare_sdk", **members)
    assert "is 'com.example/persons': the MCP server has 'people' there" in message.msg
    assert message.hint == (
        "Name the server 'persons' or 'com.example/persons', or change the entry."
    )


def test_name_that_the_framework_made_up_differs_from_nothing(card):
    assert card(server="tests.cards.servers.unnamed_sdk", **CARD) == []


def test_description_too_long_for_a_card_is_not_compared(card):
    assert card(server="tests.cards.servers.long", **{**CARD, "version": "1"}) == []


ROUTED = {
    "server": lambda server: server,
    "protected server": lambda server: protect(server, BearerProtection("/mcp", scope="mcp")),
    "decorated server": never_cache,
    "function around a server": lambda server: wraps(server, updated=())(lambda request: None),
}


@pytest.fixture
def routed(urlconf):
    """Route a server of django-mcpz with these members."""

    def routed(kind="server", **members):
        members = {"name": "people", "version": VERSION, **members}
        server = MCPServer(**members, auth=public)
        urlconf(OURS, *OAUTH, path("mcp", ROUTED[kind](server)))

    return routed


@pytest.mark.parametrize("kind", ROUTED)
def test_member_that_differs_from_the_routed_server(card, routed, kind):
    routed(kind, version="2.2")
    [message] = card(**CARD)
    assert message.id == "mcp_oauth_discovery.W047"
    assert "['version'] is '2.1': the MCP server has '2.2' there" in message.msg
    assert message.hint == "Write \"version\": '2.2' in the entry, or change it in the server."


def test_hint_shows_no_shortened_value_to_type(card, routed):
    routed(icons=[{"src": f"{ORIGIN}/{'i' * 300}.png"}])
    [message] = card(**CARD, icons=[ICON])
    assert (
        message.hint == 'Copy "icons" from the server into the entry, or change it in the server.'
    )


def test_server_that_cannot_be_read_is_an_error(card):
    [message] = card(server="tests.cards.servers.unready", name=NAME, description=TEXT)
    assert message.id == "mcp_oauth_discovery.E018"
    assert "cannot be used: reading it raised RuntimeError: not ready." in message.msg


@pytest.mark.parametrize("kind", ROUTED)
def test_routed_server_that_agrees(card, routed, kind):
    routed(kind, title="People")
    assert card(**CARD) == []
    assert card(**CARD, title="People") == []
    assert [message.id[-4:] for message in card(**CARD, title="Persons")] == ["W047"]


def test_entry_names_another_server_than_the_routed_one(card, routed):
    routed(version="2.2")
    assert card(server=MCPZ, **CARD) == []


def test_server_at_another_path_is_not_compared(settings, cards, urlconf):
    settings.MCP_RESOURCES = {"/mcp": {}, "https://other.example.com/mcp": {}}
    urlconf(OURS, *OAUTH, path("mcp", MCPServer(name="x", version="1", auth=public)))
    assert cards({"https://other.example.com/mcp": CARD}) == []


@pytest.mark.parametrize("kind", ["page", "none"])
def test_other_views_at_the_endpoint_are_not_compared(card, urlconf, kind):
    urlconf(OURS, *OAUTH, *([MCP] if kind == "page" else []))
    assert card(**CARD) == []


def test_icon_without_a_url_is_not_compared(card, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles"]
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    members = {**CARD, "version": "1", "name": "com.example/x", "icons": [ICON]}
    assert card(server="tests.cards.servers.lost_icon", **members) == []
