"""When the step for server cards passes, says that there are none, or stays silent."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from mcp_oauth_discovery.doctor.examination import Selection, examined
from mcp_oauth_discovery.doctor.findings import Severity
from mcp_oauth_discovery.doctor.steps import ENTRIES
from mcp_oauth_discovery.doctor.transport.messages import (
    SIZE_LIMIT,
    Answer,
    Failure,
    Fault,
    Trouble,
)
from mcp_oauth_discovery.doctor.walk import cards
from mcp_oauth_discovery.doctor.walk.acceptance import differing_parts
from mcp_oauth_discovery.doctor.walk.cards import MOST_CARDS
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.standards.identifiers import origin
from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG_TYPE,
    REQUIRED,
    SCHEMA,
    catalog,
    catalog_entry,
    is_identifier_of,
)
from tests.doctor import faults_card_answers, faults_cards
from tests.doctor.faults_cards import CARD, CATALOG, LINKED, OUTSIDE, card, entry, publish
from tests.doctor.world import ENDPOINT, ORIGIN, PAGE, World, diagnose, found, only

SELECTION = Selection(only=frozenset({"server-cards"}))
CUT = Trouble.CUT


def codes_of(world: World, url: str = ENDPOINT) -> list[str]:
    walker = Walker(world, page_origin=PAGE, probes=SELECTION.probes())
    return [finding.code for finding in examined(walker.walk(url), SELECTION).findings]


def asked(world: World) -> list[tuple[str, str, str, bool]]:
    """Return the requests of this step: method, URL, Accept, and whether it is from a page."""
    walker = Walker(world, page_origin=PAGE)
    world.requests.clear()
    walker.walk(ENDPOINT)
    before = len(world.requests)
    world.requests.clear()
    codes_of(world)
    return [
        (method, url, headers["Accept"], headers.get("Origin") == PAGE)
        for method, url, headers in world.requests[before:]
    ]


@pytest.mark.parametrize(
    "plant",
    [
        faults_cards.card_and_catalogue,
        faults_cards.card_at_another_address,
        faults_cards.card_inside_its_entry,
        faults_cards.entries_of_others,
        faults_cards.origin_named_if_there_is_one,
        faults_cards.type_in_capital_letters,
        faults_cards.remote_that_is_a_template_beside_the_endpoint,
        faults_card_answers.redirect_that_pages_may_read,
    ],
)
def test_card_that_names_the_endpoint_and_is_listed_passes(plant):
    world = World()
    plant(world)
    assert codes_of(world) == ["server-cards-ok"]


@pytest.mark.parametrize(
    "plant",
    [
        lambda world: None,
        faults_cards.catalogue_without_cards,
        faults_cards.page_for_every_unknown_address,
        faults_cards.login_for_every_unknown_address,
        faults_cards.view_of_the_project_at_the_same_address,
        faults_card_answers.object_for_every_unknown_address,
        faults_card_answers.text_for_every_unknown_address,
        faults_card_answers.page_declared_as_json_for_every_unknown_address,
        faults_card_answers.empty_json_for_every_unknown_address,
    ],
)
def test_endpoint_without_a_card_is_reported_as_one_and_does_not_pass(plant):
    world = World()
    plant(world)
    assert codes_of(world) == ["server-cards-none"]


@pytest.mark.parametrize("status", [400, 401, 403, 405, 406, 410])
def test_refusal_at_the_address_of_a_card_that_is_not_listed_means_none(status):
    world = World()
    world.reply("GET", CARD, status=status)
    world.reply("GET", CATALOG, status=status)
    assert codes_of(world) == ["server-cards-none"]


@pytest.mark.parametrize(
    "plant",
    [
        faults_cards.card_with_an_address_for_each_tenant,
        faults_cards.time_that_is_over_before_the_cards,
        lambda world: (publish(world), world.replies.pop(("GET", CARD)), world.fail(CARD, CUT)),
        lambda world: (
            publish(world, None, entry(url=LINKED)),
            world.replies.pop(("GET", CARD)),
            world.fail(LINKED, CUT),
        ),
    ],
)
def test_what_was_not_compared_neither_passes_nor_counts_as_none(plant):
    world = World()
    plant(world)
    assert codes_of(world) == []


def test_card_that_pages_request_in_vain_does_not_pass():
    world = World()
    faults_cards.origin_named_if_there_is_one(world)
    healthy = world.replies["GET", CARD]

    def reply(method, headers):
        late = Failure(method, CARD, CUT, "over")
        return late if "Origin" in headers else healthy(method, headers)

    world.replies["GET", CARD] = reply
    assert codes_of(world) == []


@pytest.mark.doctor_fails
def test_requests_that_fail_in_the_doctor_itself_leave_open_whether_there_is_a_card():
    world = World()
    other = card(name="com.example/maps", remotes=[])
    world.json(CATALOG, catalog([entry(url=LINKED)]), Content_Type=CATALOG_TYPE)
    world.json(LINKED, other, Content_Type=CARD_TYPE)
    assert codes_of(world) == ["server-cards-none"]
    world.replies["GET", LINKED] = lambda method, headers: 1 / 0
    assert "server-cards-none" not in codes_of(world)


def test_redirect_of_the_whole_site_is_left_to_its_own_finding():
    world = World()
    for url in (ENDPOINT, CARD, CATALOG):
        world.reply(url, status=301, Location=url.replace("app.", "www.app."))
    assert not {one.code for one in diagnose(world)} & {"card-elsewhere", "server-cards-none"}


def test_step_says_nothing_about_an_endpoint_that_does_not_answer():
    world = World()
    world.fail(ENDPOINT, Trouble.REFUSED)
    assert codes_of(world) == ["reach-refused"]


def test_firewall_in_front_of_the_card_leaves_open_whether_there_is_one():
    world = World()
    world.reply("GET", CARD, status=403, cf_mitigated="challenge")
    assert codes_of(world) == ["card-no-answer"]


def test_limit_of_requests_is_left_to_the_step_for_load():
    world = World()
    world.reply("GET", CARD, status=429)
    assert codes_of(world) == []
    assert "server-cards-none" not in {one.code for one in diagnose(world)}


def test_site_that_is_down_as_a_whole_is_left_to_other_steps():
    world = World()
    for method, url in (("POST", ENDPOINT), ("GET", CARD), ("GET", CATALOG)):
        world.reply(method, url, status=502)
    assert not {one.code for one in diagnose(world)} & {"card-no-answer", "server-cards-none"}


def test_more_cards_than_are_read_leave_open_whether_one_is_of_this_endpoint():
    world = World()
    urls = [f"{ORIGIN}/cards/{number}" for number in range(MOST_CARDS + 1)]
    for url in urls:
        other = card(remotes=[{"type": "streamable-http", "url": f"{url}/mcp"}])
        world.json(url, other, Content_Type=CARD_TYPE)
    listing = [
        entry(identifier=f"urn:air:example.com:mcp:{n}", url=url) for n, url in enumerate(urls)
    ]
    world.json(CATALOG, catalog(listing), Content_Type=CATALOG_TYPE)
    assert codes_of(world) == ["card-not-read"]
    assert {url for _, url, _, _ in asked(world)} == {CARD, CATALOG, *urls[:MOST_CARDS]}
    world.json(CATALOG, catalog(listing[:MOST_CARDS]), Content_Type=CATALOG_TYPE)
    assert codes_of(world) == ["server-cards-none"]


def test_two_requests_are_enough_where_there_are_no_cards():
    assert asked(World()) == [
        ("GET", CARD, CARD_TYPE, False),
        ("GET", CATALOG, CATALOG_TYPE, False),
    ]


def test_documents_for_every_origin_are_requested_once():
    world = World()
    publish(world)
    assert Counter(url for _, url, _, _ in asked(world)) == {CARD: 1, CATALOG: 1}


def test_documents_without_an_origin_are_requested_as_a_page_again():
    world = World()
    faults_cards.origin_named_if_there_is_one(world)
    assert asked(world)[2:] == [
        ("GET", CARD, CARD_TYPE, True),
        ("GET", CATALOG, CATALOG_TYPE, True),
    ]


def test_no_card_on_another_origin_is_requested():
    world = World()
    publish(world, None, entry(url=OUTSIDE))
    assert {origin(url) for _, url, _, _ in asked(world)} == {ORIGIN}


def test_card_is_at_the_endpoint_without_its_final_slash():
    world = World()
    publish(world, card(remotes=[{"type": "streamable-http", "url": f"{ENDPOINT}/"}]))
    assert codes_of(world, f"{ENDPOINT}/") == ["server-cards-ok"]


def test_difference_of_a_remote_is_pointed_at_and_named_in_the_advice():
    remote = {"type": "streamable-http", "url": f"{ORIGIN}/api"}

    def plant(world):
        publish(world, card(remotes=[remote]))

    finding = found("card-endpoint", plant)
    assert finding.seen.split("\n")[:2] == [f"{ORIGIN}/api", f"{ENDPOINT} is expected"]
    assert finding.seen.endswith("\nThe path differs.")
    assert finding.fix.startswith("Correct the path of the remote in the card. ")
    assert finding.subject == CARD


def test_remote_that_is_no_url_is_shown():
    def plant(world):
        publish(world, card(remotes=["x", {"type": "streamable-http", "url": "mcp"}]))

    world = World()
    plant(world)
    [first, second] = [one for one in diagnose(world) if one.severity is not Severity.PASS]
    assert first.code == "card-invalid"
    assert second.seen.startswith(f"mcp\n{ENDPOINT} is expected\n")


@pytest.mark.parametrize(
    ("remote", "problem"),
    [
        (5, "remotes[1]: expected a dict, not int"),
        ({"type": "sse"}, "remotes[1]: 'url' is missing"),
        ({"url": ENDPOINT}, "remotes[1]: 'type' is missing"),
        ({"type": "http", "url": ENDPOINT}, "'type': expected 'streamable-http' or 'sse'"),
        ({"type": "sse", "url": "/mcp"}, "'url': expected a URL that starts with http"),
        ({"type": "sse", "url": "https://a.example.com/ mcp"}, "'url': expected a URL"),
        ({"type": "sse", "url": 5}, "'url': expected a string, not int"),
    ],
)
def test_remote_that_the_schema_refuses_is_reported(remote, problem):
    def plant(world):
        publish(world, card(remotes=[*card()["remotes"], remote]))

    assert problem in found("card-invalid", plant).seen


def test_entry_of_the_card_on_another_origin_is_a_warning_with_both_urls():
    def plant(world):
        publish(world, None, entry(url=OUTSIDE))

    assert found("card-elsewhere", plant).severity is Severity.WARNING


def test_http_remote_of_an_https_endpoint_is_traced_to_the_proxy():
    remote = {"type": "streamable-http", "url": ENDPOINT.replace("https:", "http:")}
    world = World()
    publish(world, card(remotes=[remote]))
    fix = only(world, "card-endpoint", in_process=True).fix
    assert "SECURE_PROXY_SSL_HEADER" in fix
    assert "pin MCP_ISSUER" in fix


@pytest.mark.parametrize(
    ("listing", "status", "advice"),
    [
        ([], 200, "super().get_document()"),
        ([], 404, "at the root of the URLconf"),
    ],
)
def test_card_that_the_project_does_not_list_is_traced_to_its_catalogue(listing, status, advice):
    world = World()
    world.json(CARD, card(), Content_Type=CARD_TYPE)
    world.json(CATALOG, catalog(listing), status, Content_Type=CATALOG_TYPE)
    assert advice in only(world, "card-not-listed", in_process=True).fix


def test_card_of_a_django_site_without_a_catalogue_is_traced_to_the_proxy():
    world = World()
    world.endpoint["Server"] = "WSGIServer/0.2 CPython/3.13"
    world.json(CARD, card(), Content_Type=CARD_TYPE)
    assert "Have the proxy pass" in only(world, "card-not-listed").fix


def test_remotes_on_other_origins_are_not_compared_in_parts(monkeypatch):
    """Many of them took half a minute."""
    compared = []

    def counted(url, expected):
        compared.append(url)
        return differing_parts(url, expected)

    monkeypatch.setattr(cards, "differing_parts", counted)
    world = World()
    remotes = [{"type": "sse", "url": f"http://a/{number}"} for number in range(100)]
    inline = {**faults_cards.without(entry(), "url"), "data": card(remotes=remotes)}
    own = {"type": "streamable-http", "url": f"{ENDPOINT}/"}
    world.json(CATALOG, catalog([inline]), Content_Type=CATALOG_TYPE)
    world.json(CARD, card(remotes=[own]), Content_Type=CARD_TYPE)
    codes_of(world)
    assert compared == []
    inline["data"]["remotes"].append(own)
    inline["identifier"] = "urn:air:example.com:mcp:maps"
    world.json(CATALOG, catalog([inline]), Content_Type=CATALOG_TYPE)
    codes_of(world)
    assert compared == [own["url"]]


def test_fault_of_the_project_is_reported_with_its_fix():
    world = World()
    healthy = world.send

    def send(method, url, headers=(), body=b""):
        if url == CARD:
            return Answer(
                method, url, 500, (), fault=Fault("MCP_SERVER_CARDS = []", "Write a dict.")
            )
        return healthy(method, url, headers, body)

    world.send = send
    finding = only(world, "card-no-answer", in_process=True)
    assert (finding.seen, finding.fix) == ("500: MCP_SERVER_CARDS = []", "Write a dict.")


@pytest.mark.parametrize(
    ("identifier", "fits"),
    [
        ("urn:air:example.com:mcp:weather", True),
        ("urn:air:example.com:weather", True),
        ("urn:air:example.com:weather:mcp", True),
        ("URN:AIR:EXAMPLE.com:mcp:weather", True),
        ("urn:air:example.com:servers:weather", True),
        ("urn:air:example.com:weather:maps", False),
        ("urn:air:example.com:mcp:Weather", False),
        ("urn:air:example.com:mcp:weather-maps", False),
        ("urn:air:example.com.evil:mcp:weather", False),
        ("urn:air:com.example:mcp:weather", False),
        ("urn:mcp:example.com:mcp:weather", False),
        ("", False),
        (None, False),
    ],
)
def test_identifier_fits_by_the_domain_and_the_name(identifier, fits):
    assert is_identifier_of(identifier, "com.example/weather") is fits


@pytest.mark.parametrize(
    ("segments", "fits"),
    [("mcp:mcp", True), ("mcp", True), ("mcp:files", False), ("files:mcp", False)],
)
def test_kind_in_an_identifier_is_not_the_name_mcp(segments, fits):
    assert is_identifier_of(f"urn:air:example.com:{segments}", "com.example/mcp") is fits


def test_server_that_is_named_mcp_beside_another_one_passes():
    world = World()
    own, maps = card(name="com.example/mcp"), f"{ORIGIN}/maps/server-card"
    publish(
        world,
        own,
        catalog_entry(own, CARD),
        entry(identifier="urn:air:example.com:mcp:maps", url=maps),
    )
    assert codes_of(world) == ["server-cards-ok"]


@pytest.mark.django_db
def test_project_without_cards_has_none(healthy, run):
    output, message = run("check", "--only", "server-cards", "--no-color")
    assert (
        "  none      Server cards: this endpoint has no server card; cards are optional" in output
    )
    assert message == ""


@pytest.mark.django_db
def test_cards_of_the_project_pass(healthy, run):
    healthy.MCP_SERVER_CARDS = {"/mcp": faults_cards.MEMBERS}
    [report] = json.loads(run("check", "--only", "server-cards", "--json")[0])["reports"]
    codes = [(finding["code"], finding["group"]) for finding in report["findings"]]
    assert codes == [("server-cards-ok", "server-cards")]


@pytest.mark.django_db
def test_card_of_the_settings_that_no_url_serves_is_an_error(healthy, run):
    healthy.MCP_SERVER_CARDS = {"/mcp": faults_cards.MEMBERS}
    healthy.ROOT_URLCONF = "tests.doctor.cards_left_out_urls"
    [report] = json.loads(run("check", "--only", "server-cards", "--json")[0])["reports"]
    [finding] = report["findings"]
    assert (finding["code"], finding["severity"]) == ("card-unavailable", "error")
    assert finding["seen"].startswith(
        "MCP_SERVER_CARDS has a card for this endpoint, and the site answers 404: "
    )


@pytest.mark.django_db
def test_key_that_names_no_resource_is_named(healthy, run):
    healthy.MCP_SERVER_CARDS = {"/mpc": faults_cards.MEMBERS}
    [report] = json.loads(run("check", "--only", "server-cards", "--json")[0])["reports"]
    [finding] = report["findings"]
    assert finding["seen"].startswith("500: MCP_SERVER_CARDS['/mpc'] is ")


@pytest.mark.django_db
def test_wrong_setting_of_a_card_is_named(healthy, run):
    healthy.MCP_SERVER_CARDS = {"/mcp": {**faults_cards.MEMBERS, "name": "weather"}}
    [report] = json.loads(run("check", "--only", "server-cards", "--json")[0])["reports"]
    assert {finding["code"] for finding in report["findings"]} == {"card-no-answer"}
    assert all("MCP_SERVER_CARDS" in finding["seen"] for finding in report["findings"])
    assert {finding["severity"] for finding in report["findings"]} == {"error"}


def test_site_without_cards_is_one_line_of_a_group_of_its_own():
    [finding] = [one for one in diagnose(World()) if one.code == "server-cards-none"]
    assert (finding.subject, finding.seen) == (
        ENDPOINT,
        "this endpoint has no server card; cards are optional",
    )


def test_texts_that_repeat_a_limit_or_a_name_have_the_current_one():
    """Texts to translate cannot be computed."""
    types = (f" {CARD_TYPE} for a card, ", f"{CATALOG_TYPE} for a catalogue")
    for code in ("card-type", "card-type-json"):
        assert all(part in ENTRIES[code].expected for part in types)
        assert CARD_TYPE in ENTRIES[code].fix
        assert CATALOG_TYPE in ENTRIES[code].fix
    assert f" {CARD_TYPE} " in ENTRIES["card-not-listed"].expected
    assert f" {SIZE_LIMIT // 1024} KiB" in ENTRIES["card-too-large"].seen
    assert f" first {MOST_CARDS} listed" in ENTRIES["card-not-read"].expected
    assert ENTRIES["card-invalid"].expected.startswith(f"$schema, {', '.join(REQUIRED)}, and ")
    assert f" {SCHEMA} " in ENTRIES["card-invalid"].expected
