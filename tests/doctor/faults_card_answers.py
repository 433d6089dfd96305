"""Faults in the answers that have a card or a catalogue, and answers that are neither."""

from __future__ import annotations

from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG_TYPE, catalog
from tests.doctor.faults_cards import CARD, CATALOG, LINKED, card, entry, publish, without
from tests.doctor.planting import harmless, planted
from tests.doctor.world import ENDPOINT, HTML, ORIGIN, World

ELSEWHERE = "https://www.app.example.com/mcp/server-card"
LOGIN = f"{ORIGIN}/login/"


@harmless
def object_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.json(url, {"status": "ok"})


@harmless
def text_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.reply("GET", url, body=b'"ok"', Content_Type="application/json")


@harmless
def page_declared_as_json_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.reply("GET", url, body=HTML, Content_Type="application/json")


@harmless
def empty_json_for_every_unknown_address(world: World):
    for url in (CARD, CATALOG):
        world.reply("GET", url, Content_Type="application/json")


@planted("card-not-listed", shows=(f"200 at {CATALOG}: there is no catalogue.",))
def object_in_place_of_the_catalogue(world: World):
    publish(world)
    world.json(CATALOG, {"status": "ok"})


@planted(
    "card-unavailable",
    in_process=True,
    shows=(
        "MCP_SERVER_CARDS has a card for this endpoint, and the site answers 404: an empty body.",
        "at the root of the URLconf",
    ),
)
def card_of_the_settings_that_is_not_routed(world: World):
    world.described = frozenset({ENDPOINT})


@planted(
    "card-unavailable",
    in_process=True,
    shows=("the site answers 403: an empty body.", "Put DiscoveryMiddleware first"),
)
def card_of_the_settings_that_is_refused(world: World):
    world.described = frozenset({ENDPOINT})
    world.reply("GET", CARD, status=403)


@planted(
    "card-unavailable",
    in_process=True,
    shows=("MCP_SERVER_CARDS has a card for this endpoint, and the site answers 404",),
)
def listed_card_of_the_settings_that_is_not_routed(world: World):
    world.described = frozenset({ENDPOINT})
    world.json(CATALOG, catalog([entry()]), Content_Type=CATALOG_TYPE)


@planted("card-unavailable", shows=("larger than 256 KiB; the rest was not read.",))
def large_text_in_place_of_the_card(world: World):
    publish(world)
    world.json(CARD, {"x": "a" * 300_000}, Content_Type="text/plain")


@planted("card-too-large", shows=("larger than 256 KiB",))
def card_that_is_too_large(world: World):
    publish(world, card(_meta={"a": "a" * 300_000}))


@planted("card-too-large")
def catalogue_that_is_too_large(world: World):
    publish(world)
    members = {**catalog([entry()]), "x": "a" * 300_000}
    world.json(CATALOG, members, Content_Type=CATALOG_TYPE)


@planted("card-too-large")
def card_and_catalogue_as_json_that_are_too_large(world: World):
    for url in (CARD, CATALOG):
        world.json(url, {"x": "a" * 300_000})


@planted("card-elsewhere", shows=(f"301: a redirect to {ELSEWHERE}. It was not followed.",))
def redirect_of_the_card_to_another_origin(world: World):
    world.reply("GET", CARD, status=301, Location=ELSEWHERE)


@planted("card-elsewhere", shows=("301: a redirect to https://www.app.example.com/c.",))
def redirect_of_the_catalogue_to_another_origin(world: World):
    world.reply("GET", CATALOG, status=301, Location="https://www.app.example.com/c")


@planted("card-not-listed", shows=("301: a redirect to https://www.app.example.com/c.",))
def redirect_of_the_catalogue_alone(world: World):
    publish(world)
    world.reply("GET", CATALOG, status=301, Location="https://www.app.example.com/c")


@planted("card-unavailable", shows=(f"302 to {LOGIN}, then 200 with '<!doctype html>",))
def login_page_behind_a_redirect_of_the_listed_card(world: World):
    publish(world)
    world.reply("GET", CARD, status=302, Location=LOGIN)
    world.reply("GET", LOGIN, body=HTML, Content_Type="text/html")


@harmless
def card_of_the_settings_that_is_listed_at_another_address(world: World):
    world.described = frozenset({ENDPOINT})
    publish(world, None, entry(url=LINKED), url=LINKED)


@harmless
def redirect_that_pages_may_read(world: World):
    publish(world)
    world.replies["GET", f"{CARD}/"] = world.replies["GET", CARD]
    world.reply("GET", CARD, status=301, Location=f"{CARD}/", Access_Control_Allow_Origin="*")


@planted("card-cors", shows=(f"The redirect at {CARD}: there is no Access-Control-Allow-Origin.",))
def redirect_that_pages_may_not_read(world: World):
    publish(world)
    world.replies["GET", f"{CARD}/"] = world.replies["GET", CARD]
    world.reply("GET", CARD, status=301, Location=f"{CARD}/")


@planted("card-cors", shows=(f"The redirect at {CARD}: Access-Control-Allow-Origin: {ORIGIN}.",))
def redirect_that_pages_of_the_site_alone_may_read(world: World):
    publish(world)
    world.replies["GET", f"{CARD}/"] = world.replies["GET", CARD]
    fields = {"Location": f"{CARD}/", "Access_Control_Allow_Origin": ORIGIN}
    world.reply("GET", CARD, status=301, **fields)


@planted(
    "catalog-unreadable",
    shows=("Content-Encoding: gzip, without a request for it.", "Compress answers only if"),
)
def compressed_catalogue(world: World):
    publish(world)
    world.reply(
        "GET", CATALOG, body=b"\x1f\x8b", Content_Type=CATALOG_TYPE, Content_Encoding="gzip"
    )


@planted(
    "card-unavailable",
    shows=("Content-Encoding: gzip, without a request for it.", "Compress answers only if"),
)
def compressed_card(world: World):
    publish(world)
    world.reply("GET", CARD, body=b"\x1f\x8b", Content_Type=CARD_TYPE, Content_Encoding="gzip")


@planted("card-invalid", "catalog-invalid", shows=("The body begins with a byte order mark.",))
def marks_before_card_and_catalogue(world: World):
    publish(world)
    for url, kind in ((CARD, CARD_TYPE), (CATALOG, CATALOG_TYPE)):
        members = world.replies["GET", url][2]
        body = b"\xef\xbb\xbf" + str(members).replace("'", '"').encode()
        world.reply("GET", url, body=body, Content_Type=kind, Access_Control_Allow_Origin="*")


@planted("catalog-invalid", shows=("entries appears twice.",))
def catalogue_with_two_lists_of_entries(world: World):
    publish(world)
    body = str(catalog([entry()])).replace("'", '"').replace("{", '{"entries": [], ', 1)
    world.reply(
        "GET",
        CATALOG,
        body=body.encode(),
        Content_Type=CATALOG_TYPE,
        Access_Control_Allow_Origin="*",
    )


@planted("catalog-invalid", shows=("specVersion is 1, which is not a string.",))
def number_as_the_version_of_the_catalogue(world: World):
    publish(world)
    world.json(CATALOG, {**catalog([entry()]), "specVersion": 1}, Content_Type=CATALOG_TYPE)


@planted("catalog-invalid", shows=("specVersion is missing.",))
def catalogue_without_a_version(world: World):
    publish(world)
    world.json(CATALOG, without(catalog([entry()]), "specVersion"), Content_Type=CATALOG_TYPE)


@planted("catalog-invalid", shows=("entries[1] has data that is not an object.",))
def text_in_place_of_the_card_of_another_server(world: World):
    other = entry(identifier="urn:air:example.com:mcp:maps", data="a card")
    publish(world, None, entry(), without(other, "url"))


@planted("card-invalid", "card-endpoint", shows=("remotes is x: expected a list of remotes",))
def text_in_place_of_the_remotes(world: World):
    publish(world, card(remotes="x"))
