"""The server cards of an endpoint: the usual one, and those that the catalogue lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_oauth_discovery.doctor.transport.messages import Failure, Transport, Trouble
from mcp_oauth_discovery.doctor.walk import headers, redirects
from mcp_oauth_discovery.doctor.walk.acceptance import FINAL_SLASH, differing_parts
from mcp_oauth_discovery.doctor.walk.observations import Card, Exchange, Walk
from mcp_oauth_discovery.doctor.walk.probes import Get
from mcp_oauth_discovery.doctor.walk.well_known import sendable
from mcp_oauth_discovery.standards.hosts import origin
from mcp_oauth_discovery.standards.identifiers import split
from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG,
    CATALOG_TYPE,
    card_url,
    is_identifier_of,
)

# A long catalogue must not make the doctor read the cards of every server.
MOST_CARDS = 3
JSON = "application/json"

# A later attempt may find a document.
_LATER = (408, 425, 429)
# A view of the project at the same URL is unlikely to have one of these members.
_OF_CARDS = {"$schema", "remotes"}
_OF_CATALOGS = {"entries", "specVersion"}


def ask_for_cards(walk: Walk, get: Get, transport: Transport) -> None:
    """Request the card and the catalogue, and those listed cards that may be of this endpoint."""
    url, page = sendable(walk.url), walk.page_origin
    walk.card = get(card_url(url), headers.accepting(CARD_TYPE))
    walk.catalog = get(f"{split(url).origin}{CATALOG}", headers.accepting(CATALOG_TYPE))
    for address in addresses(walk)[:MOST_CARDS]:
        walk.linked_cards.append(get(address, headers.accepting(CARD_TYPE)))
    walk.own_cards = _own_cards(walk, walk.card)
    types = {walk.catalog.url: CATALOG_TYPE}
    for exchange in (walk.card, walk.catalog, *walk.linked_cards):
        # A browser requires the header of each redirect too.
        for answer in exchange.answers() if exchange.reading.members is not None else ():
            # Some sites name the origin in their answer only if the request has one.
            if answer.header("access-control-allow-origin") != "*":
                media_type = types.get(exchange.url, CARD_TYPE)
                request = headers.from_page(page, headers.accepting(media_type))
                outcome = transport.send("GET", answer.url, request)
                walk.card_reads.append(Exchange(answer.url, outcome))


def is_card(exchange: Exchange) -> bool:
    """Return whether an answer is a card, or has the type of one."""
    if exchange.reading.members is not None:
        has_members = bool(_OF_CARDS & exchange.reading.members.keys())
        return has_members or media_type(exchange) == CARD_TYPE
    return exchange.status == 200 and media_type(exchange) == CARD_TYPE


def is_catalog(exchange: Exchange) -> bool:
    """Return whether an answer is a catalogue, or has the type of one.

    Some sites answer every path with JSON.
    """
    has_members = bool(_OF_CATALOGS & (exchange.reading.members or {}).keys())
    return has_members or (exchange.status == 200 and media_type(exchange) == CATALOG_TYPE)


def media_type(exchange: Exchange) -> str:
    """Return the media type of an answer, without parameters; "" if it declares none."""
    return _bare(exchange.answer.header("content-type") if exchange.answer else None)


def _bare(declared: object) -> str:
    """Return a media type without parameters. RFC 9110 §8.3.1: its case does not matter."""
    return declared.partition(";")[0].strip().lower() if isinstance(declared, str) else ""


def is_too_large(exchange: Exchange) -> bool:
    """Return whether an answer may be a card or a catalogue, and was not read to its end."""
    is_partial = exchange.answer is not None and exchange.answer.is_cut
    may_be_one = media_type(exchange) in (CARD_TYPE, CATALOG_TYPE, JSON)
    return is_partial and may_be_one and exchange.status == 200


def is_unknown(exchange: Exchange) -> bool:
    """Return whether an answer leaves open if there is a document."""
    is_late = exchange.status >= 500 or exchange.status in (0, *_LATER)
    return is_late or exchange.intermediary is not None


def leads_away(exchange: Exchange) -> bool:
    """Return whether the outcome is a redirect to another origin, and not to a login."""
    to = redirects.target(exchange.answer) if exchange.answer else None
    return to is not None and origin(to) != origin(exchange.url) and not redirects.is_login(to)


def is_cut(exchange: Exchange) -> bool:
    """Return whether a request was not sent, because the time for all of them is over."""
    outcome = exchange.outcome
    return isinstance(outcome, Failure) and outcome.trouble is Trouble.CUT


def entries(walk: Walk) -> list[Any]:
    """Return the entries of the catalogue."""
    members = (walk.catalog.reading.members if walk.catalog else None) or {}
    value = members.get("entries")
    return value if isinstance(value, list) else []


def is_of_card(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is that of a server card."""
    return _bare(entry.get("type")) == CARD_TYPE


def listed(walk: Walk) -> list[Mapping[str, Any]]:
    """Return the entries of server cards."""
    objects = [entry for entry in entries(walk) if isinstance(entry, dict)]
    return [entry for entry in objects if is_of_card(entry)]


def address_of(entry: Mapping[str, Any]) -> str:
    """Return the URL of an entry as it is requested, or "" if it has none."""
    url = entry.get("url")
    return sendable(url) if isinstance(url, str) and origin(url) else ""


def addresses(walk: Walk) -> list[str]:
    """Return the other addresses on this origin where the card of the endpoint may be."""
    return [url for url in _candidates(walk) if origin(url) == origin(walk.url)]


def elsewhere(walk: Walk) -> list[str]:
    """Return the addresses on other origins where the card of the endpoint may be."""
    return [url for url in _candidates(walk) if origin(url) != origin(walk.url)]


def _candidates(walk: Walk) -> list[str]:
    usual = {"", walk.card.url if walk.card else ""}
    name = usual_name(walk)
    urls = [
        address_of(entry)
        for entry in listed(walk)
        if not name or is_identifier_of(entry.get("identifier"), name)
    ]
    return [url for url in dict.fromkeys(urls) if url not in usual]


def _own_cards(walk: Walk, usual: Exchange) -> list[Card]:
    """Return the cards of the endpoint, the usual one first, each with its entry if it has one."""
    exchanges = {exchange.url: exchange for exchange in (usual, *walk.linked_cards)}
    cards = [card for entry in listed(walk) if _is_own(walk, card := _card(walk, entry, exchanges))]
    if is_card(usual) and not any(card.exchange is usual for card in cards):
        cards.append(Card(usual.url, usual.reading.members, usual))
    return sorted(cards, key=lambda card: card.exchange is not usual)


def _card(walk: Walk, entry: Mapping[str, Any], exchanges: Mapping[str, Exchange]) -> Card:
    url = address_of(entry)
    if url:
        exchange = exchanges.get(url)
        return Card(url, exchange.reading.members if exchange else None, exchange, entry)
    data = entry.get("data")
    place = walk.catalog.url if walk.catalog else ""
    return Card(place, data if isinstance(data, dict) else None, None, entry)


def _is_own(walk: Walk, card: Card) -> bool:
    name = usual_name(walk)
    identifier = card.entry.get("identifier") if card.entry else None
    return (
        (card.exchange is not None and card.exchange is walk.card)
        or (bool(name) and is_identifier_of(identifier, name))
        or _names(card.members, walk.url)
    )


def usual_name(walk: Walk) -> str:
    """Return the name in the card at the usual address, or "" if there is no card."""
    usual = walk.card
    return Card(usual.url, usual.reading.members).name if usual and is_card(usual) else ""


def _names(members: Mapping[str, Any] | None, endpoint: str) -> bool:
    """Return whether a card has a remote that is meant to be the endpoint."""
    urls = [remote.get("url") for remote in remotes(members)]
    host = _host(endpoint)
    return any(
        isinstance(url, str)
        # This is faster, and a card may have thousands of remotes.
        and _host(url) == host != ""
        and set(differing_parts(url, endpoint)) <= {"scheme", FINAL_SLASH}
        for url in urls
    )


def _host(url: str) -> str:
    """Return the host and the port of a URL, or "" if it is not a URL."""
    return origin(url).partition("://")[2]


def remotes(members: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Return the remotes of a card that are objects."""
    value = (members or {}).get("remotes")
    items = value if isinstance(value, list) else []
    return [remote for remote in items if isinstance(remote, dict)]
