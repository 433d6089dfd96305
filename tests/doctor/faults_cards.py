"""Faults in the server card of the endpoint, and cards that are healthy."""

from __future__ import annotations

from typing import Any

from mcp_oauth_discovery.doctor.transport.messages import Trouble
from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG_TYPE,
    catalog,
    catalog_entry,
    server_card,
)
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, World

CARD = f"{ENDPOINT}/server-card"
CATALOG = f"{ORIGIN}/.well-known/ai-catalog.json"
LINKED = f"{ORIGIN}/cards/weather.json"
OUTSIDE = "https://cards.example.net/weather.json"
MEMBERS = {"name": "com.example/weather", "version": "1.0.0", "description": "Forecasts."}


def card(**changes: Any) -> dict[str, Any]:
    return {**server_card(ENDPOINT, MEMBERS), **changes}


def entry(**changes: Any) -> dict[str, Any]:
    return {**catalog_entry(card(), CARD), **changes}


def publish(world: World, members: Any = None, *entries: Any, url: str = CARD) -> None:
    """Serve a card, and a catalogue that has its entry or other ones."""
    world.json(url, members or card(), Content_Type=CARD_TYPE)
    world.json(CATALOG, catalog(entries or [entry()]), Content_Type=CATALOG_TYPE)


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


@harmless
def card_and_catalogue(world: World):
    publish(world)


@harmless
def card_at_another_address(world: World):
    publish(world, None, entry(url=LINKED), url=LINKED)


@harmless
def card_inside_its_entry(world: World):
    world.json(
        CATALOG, catalog([{**without(entry(), "url"), "data": card()}]), Content_Type=CATALOG_TYPE
    )


@harmless
def identifier_of_another_form(world: World):
    publish(world, None, entry(identifier="URN:AIR:Example.com:weather:mcp"))


@harmless
def type_in_capital_letters(world: World):
    publish(world, None, entry(type=CARD_TYPE.upper()))


@harmless
def remote_that_is_a_template_beside_the_endpoint(world: World):
    remotes = [*card()["remotes"], {"type": "sse", "url": "{base}/sse"}]
    publish(world, card(remotes=remotes))


@harmless
def entries_of_others(world: World):
    others = (
        {"identifier": "urn:air:example.com:agent:a", "type": "application/a2a+json", "data": {}},
        entry(identifier="urn:air:example.net:mcp:maps", url="https://example.net/mcp/server-card"),
        entry(identifier="urn:air:example.com:mcp:maps", url=f"{ORIGIN}/maps/server-card"),
    )
    publish(world, None, entry(), *others)


@harmless
def card_with_an_address_for_each_tenant(world: World):
    remote = {"type": "streamable-http", "url": "https://{tenant}.example.com/mcp"}
    publish(world, card(remotes=[remote]))


@harmless
def catalogue_without_cards(world: World):
    world.json(CATALOG, catalog([]), Content_Type=CATALOG_TYPE)


@harmless
def page_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.reply("GET", url, body=HTML, Content_Type="text/html")


@harmless
def login_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.reply("GET", url, status=302, Location="https://login.example.net/")


@harmless
def view_of_the_project_at_the_same_address(world: World):
    world.json(CARD, {"name": "a blade server"})


@harmless
def origin_named_if_there_is_one(world: World):
    """Pages may read the documents, although other clients do not see that."""
    publish(world)
    for url in (CARD, CATALOG):
        _, fields, members, _ = world.replies["GET", url]
        plain = without(fields, "Access-Control-Allow-Origin")

        def reply(method, headers, plain=plain, members=members):
            origin = headers.get("Origin")
            allowed = {"Access-Control-Allow-Origin": origin} if origin else {}
            return 200, {**plain, **allowed}, members, 0.0

        world.replies["GET", url] = reply


@planted("reach-cut")
def time_that_is_over_before_the_cards(world: World):
    world.fail(CARD, Trouble.CUT)
    world.fail(CATALOG, Trouble.CUT)


@planted("card-no-answer", shows=("502: an empty body.",))
def gateway_without_a_card(world: World):
    world.reply("GET", CARD, status=502)


@planted("card-no-answer", shows=("No answer: a reason.",))
def catalogue_that_never_comes(world: World):
    world.json(CARD, card(), Content_Type=CARD_TYPE)
    world.fail(CATALOG, Trouble.TIMEOUT)


@planted("card-no-answer", in_process=True)
def view_of_the_card_that_fails(world: World):
    world.reply("GET", CARD, status=500)


@planted("card-unavailable", shows=("404: an empty body.",))
def listed_card_that_is_not_there(world: World):
    publish(world)
    del world.replies["GET", CARD]


@planted("card-unavailable", shows=("503",))
def listed_card_that_fails(world: World):
    publish(world)
    world.reply("GET", CARD, status=503)


@planted("card-unavailable", shows=("a redirect to https://login.example.net/.",))
def listed_card_behind_a_login(world: World):
    publish(world)
    world.reply("GET", CARD, status=302, Location="https://login.example.net/")


@planted("card-unavailable", shows=("200 with '<!doctype html>",))
def page_in_place_of_the_listed_card(world: World):
    publish(world)
    world.reply("GET", CARD, body=HTML, Content_Type="text/html")


@planted("card-unavailable", shows=("No answer: a reason.",))
def listed_card_that_never_comes(world: World):
    world.json(CATALOG, catalog([entry()]), Content_Type=CATALOG_TYPE)
    world.fail(CARD, Trouble.TIMEOUT)


@planted("card-unavailable", "card-not-listed", shows=("200 with '[]'.",))
def card_that_is_a_list(world: World):
    world.json(CARD, [], Content_Type=CARD_TYPE)


@planted("card-unavailable", shows=("404: an empty body. It may be the card of this endpoint.",))
def only_listed_card_at_another_address_that_is_not_there(world: World):
    publish(world, None, entry(url=LINKED))
    del world.replies["GET", CARD]


@planted("catalog-invalid", shows=("entries[0] has data that is not an object.",))
def text_in_place_of_the_card_in_an_entry(world: World):
    inline = {**without(entry(), "url"), "data": "a card"}
    publish(world, None, inline)


@planted("card-type", shows=("Content-Type: text/plain.",))
def card_as_text(world: World):
    publish(world)
    world.json(CARD, card(), Content_Type="text/plain")


@planted("card-type", shows=("There is no Content-Type.",))
def catalogue_without_a_type(world: World):
    publish(world)
    world.json(CATALOG, catalog([entry()]), Content_Type="")


@planted("card-type-json")
def card_and_catalogue_as_other_documents(world: World):
    publish(world)
    world.json(CARD, card())
    world.json(CATALOG, catalog([entry()]), Content_Type="application/json; charset=utf-8")


@planted("card-cors", shows=("There is no Access-Control-Allow-Origin.",))
def card_closed_to_pages(world: World):
    publish(world)
    del world.document["Access-Control-Allow-Origin"]
    world.json(CARD, card(), Content_Type=CARD_TYPE)
    world.document["Access-Control-Allow-Origin"] = "*"


@planted("card-cors", shows=("Access-Control-Allow-Origin: https://app.example.com.",))
def catalogue_for_pages_of_the_site_alone(world: World):
    publish(world)
    world.json(
        CATALOG,
        catalog([entry()]),
        Content_Type=CATALOG_TYPE,
        Access_Control_Allow_Origin=ORIGIN,
    )


@planted("card-invalid", shows=("version is missing.",))
def card_without_a_version(world: World):
    publish(world, without(card(), "version"))


@planted("card-invalid", shows=("expected 1 to 100 characters",))
def card_with_a_long_title(world: World):
    publish(world, card(title="a" * 101))


@planted("card-invalid", shows=("$schema is missing.",))
def card_without_a_schema(world: World):
    publish(world, without(card(), "$schema"))


@planted("card-invalid", shows=("$schema is https://example.com/schema.json.",))
def card_of_another_schema(world: World):
    publish(world, card(**{"$schema": "https://example.com/schema.json"}))


@planted("card-invalid", shows=("version appears twice.",))
def card_with_two_versions(world: World):
    publish(world)
    world.replies["GET", CARD] = (
        200,
        {**world.document, "Content-Type": CARD_TYPE},
        str(card()).replace("'", '"').replace("}]}", '}], "version": "1.0.0"}').encode(),
        0.0,
    )


@planted("card-endpoint", shows=("The final slash differs.",))
def remote_with_a_final_slash(world: World):
    publish(world, card(remotes=[{"type": "streamable-http", "url": f"{ENDPOINT}/"}]))


@planted("card-endpoint", shows=("has the type sse.",))
def remote_of_the_former_transport(world: World):
    publish(world, card(remotes=[{"type": "sse", "url": ENDPOINT}]))


@planted("card-endpoint", shows=("There is no remote of type streamable-http.",))
def card_without_remotes(world: World):
    publish(world, without(card(), "remotes"))


@planted("card-hidden", shows=("description is", "with U+202E."))
def description_that_is_read_backwards(world: World):
    publish(world, card(description="Forecasts \u202e.stsaceroF"))


@planted("card-hidden", shows=("title is", "with U+000A."))
def title_of_two_lines(world: World):
    publish(world, card(title="Weather\nby Example"))


@harmless
def description_of_two_lines(world: World):
    publish(world, card(description="Forecasts.\nAnd warnings."))
