"""Faults in the catalogue, and cards that do not fit their entries in it."""

from __future__ import annotations

from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG_TYPE,
    catalog,
    catalog_entry,
)
from tests.doctor.faults_cards import (
    CARD,
    CATALOG,
    LINKED,
    OUTSIDE,
    card,
    entry,
    publish,
    without,
)
from tests.doctor.planting import planted
from tests.doctor.world import ORIGIN, World


@planted("card-not-listed", shows=(f"404 at {CATALOG}: there is no catalogue.",))
def card_without_a_catalogue(world: World):
    world.json(CARD, card(), Content_Type=CARD_TYPE)


@planted("card-not-listed", shows=("The catalogue has no entry for the card.",))
def catalogue_of_another_server(world: World):
    publish(world, None, entry(identifier="urn:air:example.com:mcp:maps", url=f"{ORIGIN}/maps"))


@planted("card-not-listed", shows=("has the type application/json.",))
def entry_of_another_type(world: World):
    publish(world, None, entry(type="application/json"))


@planted("card-not-listed", shows=("The entry with its URL has no type.",))
def entry_without_a_type(world: World):
    publish(world, None, without(entry(), "type"))


@planted(
    "card-not-listed",
    shows=("The entry with its URL has no type; mediaType is the former name of this member.",),
)
def entry_with_the_former_name_of_its_type(world: World):
    publish(world, None, {**without(entry(), "type"), "mediaType": CARD_TYPE})


@planted("card-entry-differs", shows=("The identifier is urn:air:com.example:mcp:weather",))
def identifier_with_the_domain_in_reverse(world: World):
    publish(world, None, entry(identifier="urn:air:com.example:mcp:weather"))


@planted("card-entry-differs", shows=("and the name in the card com.example/maps.",))
def entry_of_a_card_of_another_name(world: World):
    publish(world, None, entry(url=LINKED))
    other = card(name="com.example/maps")
    world.json(LINKED, other, Content_Type=CARD_TYPE)


@planted("card-entry-differs", shows=(f"at {CARD}, com.example/weather.",))
def two_cards_of_one_endpoint(world: World):
    other = card(name="com.example/maps")
    inline = {**without(catalog_entry(other, CARD), "url"), "data": other}
    publish(world, None, entry(), inline)


@planted("card-elsewhere", shows=(f"{OUTSIDE} was not contacted",))
def card_on_another_origin(world: World):
    publish(world, None, entry(url=OUTSIDE))
    del world.replies["GET", CARD]


@planted("card-elsewhere", shows=(f"{OUTSIDE} is in the entry; the card is at {CARD}.",))
def entry_of_the_card_with_another_origin(world: World):
    publish(world, None, entry(url=OUTSIDE))


@planted(
    "card-not-read",
    shows=("not read is 2. The first one is https://app.example.com/cards/3.",),
)
def more_cards_than_are_read(world: World):
    urls = [f"{ORIGIN}/cards/{number}" for number in range(5)]
    for url in urls:
        remote = {"type": "streamable-http", "url": f"{url}/mcp"}
        world.json(url, card(remotes=[remote]), Content_Type=CARD_TYPE)
    listing = [
        entry(identifier=f"urn:air:example.com:mcp:{number}", url=url)
        for number, url in enumerate(urls)
    ]
    world.json(CATALOG, catalog(listing), Content_Type=CATALOG_TYPE)


@planted("catalog-unreadable", shows=("200 with",))
def catalogue_that_ends_early(world: World):
    publish(world)
    world.reply(
        "GET", CATALOG, body=b"{", Content_Type=CATALOG_TYPE, Access_Control_Allow_Origin="*"
    )


@planted("catalog-invalid", shows=("There is no list of entries.",))
def catalogue_without_entries(world: World):
    publish(world)
    world.json(CATALOG, {"specVersion": "1.0"}, Content_Type=CATALOG_TYPE)


@planted("catalog-invalid", shows=("entries[1] has both url and data.", "entries[2] has neither"))
def entries_with_too_much_and_too_little(world: World):
    first = entry(identifier="urn:air:example.com:a:b", type="a/b", data={})
    second = without(entry(identifier="urn:air:example.com:a:c"), "url")
    publish(world, None, entry(), first, second)


@planted("catalog-invalid", shows=("entries[1] is not an object.", "entries[2] has no identifier."))
def entries_that_are_none(world: World):
    publish(world, None, entry(), "urn:air:example.com:a:b", {"type": "a/b", "data": {}})


@planted("catalog-invalid", shows=("entries[1] has the url /mcp",))
def entry_with_a_relative_url(world: World):
    publish(world, None, entry(), entry(identifier="urn:air:example.com:mcp:maps", url="/mcp"))


@planted(
    "catalog-invalid", shows=("2 entries have the identifier urn:air:example.com:mcp:weather.",)
)
def identifier_of_two_entries(world: World):
    publish(world, None, entry(), entry())
