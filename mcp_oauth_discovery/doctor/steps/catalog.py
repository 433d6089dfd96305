"""The catalogue: is it well-formed, and does it have a fitting entry for the card?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.card_answers import INCLUDE, fix_of, reason
from mcp_oauth_discovery.doctor.steps.documents import DOCUMENT_BYTE_ORDER_MARK
from mcp_oauth_discovery.doctor.walk.cards import (
    MOST_CARDS,
    address_of,
    addresses,
    elsewhere,
    entries,
    is_catalog,
    is_of_card,
    is_too_large,
    is_unknown,
    leads_away,
    usual_name,
)
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.standards.metadata import has_value
from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    catalog_identifier,
    is_identifier_of,
)

CATALOG_UNREADABLE = Entry(
    code="catalog-unreadable",
    severity=Severity.ERROR,
    seen="The catalogue is not a JSON object.",
    expected="an object with a list of entries, or 404 if there is no catalogue",
    section="AI Catalog, top-level members",
    fix="Serve the catalogue with a JSON serialiser.",
    django_fix="Serve the catalogue with CatalogView, or a subclass.",
    explains=("card-not-listed",),
)
CATALOG_INVALID = Entry(
    code="catalog-invalid",
    severity=Severity.ERROR,
    seen="The catalogue or one of its entries is malformed.",
    expected=(
        "specVersion, and a list of entries, each with an identifier of its own and either url "
        "or data"
    ),
    section="AI Catalog, entries",
    fix="Correct the catalogue: clients refuse all of it because of one invalid part.",
    explains=("card-not-listed",),
)
CARD_NOT_LISTED = Entry(
    code="card-not-listed",
    severity=Severity.WARNING,
    seen="The catalogue has no entry for the card.",
    expected=f"an entry of type {CARD_TYPE} with the URL of the card",
    section="SEP-2127, discovery",
    fix=(
        "Add an entry for the card to the catalogue: clients that know only the domain find the "
        "card there."
    ),
    django_fix=(
        "Have the proxy pass /.well-known/ai-catalog.json on to Django. Serve the catalogue with "
        "CatalogView; a subclass calls super().get_document() for the entries of the cards."
    ),
)
CARD_ENTRY_DIFFERS = Entry(
    code="card-entry-differs",
    severity=Severity.WARNING,
    seen="The entry in the catalogue and the card have different names.",
    expected="the identifier that follows from the name in the card",
    section="SEP-2127, server card entries",
    fix="Use the domain and the name of the card in the identifier of its entry.",
)
CARD_ELSEWHERE = Entry(
    code="card-elsewhere",
    severity=Severity.INFO,
    seen="The catalogue lists a card on another origin; it was not contacted.",
    expected="cards on the origin of the endpoint, so that they can be checked",
    section="SEP-2127, discovery",
    fix=(
        "If the card there is that of this endpoint, compare its remotes with the URL of the "
        "endpoint."
    ),
)
CARD_NOT_READ = Entry(
    code="card-not-read",
    severity=Severity.INFO,
    seen="The catalogue lists more cards than the doctor reads.",
    expected=f"the card at /server-card below the endpoint, or among the first {MOST_CARDS} listed",
    section="SEP-2127, discovery",
    fix="Serve the card at /server-card below the endpoint, so that it can be checked.",
)

_OWN_VIEW = (
    "Serve the catalogue with CatalogView. A subclass calls super().get_document() for the entries "
    "of the cards, and adds its own."
)
_OTHER_ORIGIN = (
    "Write the URL at which the card is served into the entry: clients read the card at the URL in "
    "the entry."
)


def unreadable(walk: Walk) -> Iterator[Finding]:
    """Report a catalogue that is declared as JSON and is not an object."""
    exchange = walk.catalog
    if exchange is None or not is_catalog(exchange) or is_too_large(exchange):
        return
    if exchange.reading.members is None:
        fix = fix_of(exchange)
        yield finding(CATALOG_UNREADABLE, exchange.url, reason(exchange), fix=fix)


def malformed(walk: Walk) -> Iterator[Finding]:
    """Report the catalogue as a whole, then each malformed entry, then repeated identifiers."""
    exchange = walk.catalog
    if exchange is None or exchange.reading.members is None or not is_catalog(exchange):
        return
    for problem in _problems_of_whole(exchange):
        yield finding(CATALOG_INVALID, exchange.url, problem)
    if exchange.reading.has_mark:
        mark = DOCUMENT_BYTE_ORDER_MARK
        yield finding(CATALOG_INVALID, exchange.url, mark.seen, fix=mark.fix)
    for place, entry in enumerate(entries(walk)):
        if problem := _problem(entry):
            yield finding(CATALOG_INVALID, exchange.url, f"entries[{place}] {problem}.")
    for identifier, count in Counter(_identifiers(walk)).items():
        if count > 1:
            observation = f"{count} entries have the identifier {shown(identifier)}."
            yield finding(CATALOG_INVALID, exchange.url, observation)


def _problems_of_whole(exchange: Exchange) -> Iterator[str]:
    members = exchange.reading.members or {}
    version = members.get("specVersion")
    if not has_value(version):
        yield "specVersion is missing."
    elif not isinstance(version, str):
        yield f"specVersion is {shown(version)}, which is not a string."
    if not _has_entries(exchange):
        yield "There is no list of entries."
    for name in exchange.reading.duplicates:
        yield f"{shown(name)} appears twice."


def _has_entries(exchange: Exchange) -> bool:
    return isinstance((exchange.reading.members or {}).get("entries"), list)


def _problem(entry: object) -> str:
    """Return what is wrong with an entry, or ""."""
    if not isinstance(entry, dict):
        return "is not an object"
    if ("url" in entry) == ("data" in entry):
        return "has both url and data" if "url" in entry else "has neither url nor data"
    if not isinstance(entry.get("identifier"), str):
        return "has no identifier"
    # Entries of other types have rules of their own.
    if is_of_card(entry) and "url" in entry and not address_of(entry):
        return f"has the url {shown(entry['url'])}, which is not an absolute http URL"
    if is_of_card(entry) and not isinstance(entry.get("data", {}), dict):
        return "has data that is not an object"
    return ""


def _identifiers(walk: Walk) -> Iterator[str]:
    for entry in entries(walk):
        identifier = entry.get("identifier") if isinstance(entry, dict) else None
        if isinstance(identifier, str):
            yield identifier


def not_listed(walk: Walk) -> Iterator[Finding]:
    """Report a card that clients cannot find by the domain."""
    exchange, cards = walk.catalog, walk.own_cards
    if exchange is None or is_unknown(exchange) or any(card.entry for card in cards):
        return
    if is_too_large(exchange) or (is_catalog(exchange) and not _has_entries(exchange)):
        return
    for card in cards:
        result = finding(CARD_NOT_LISTED, card.url, _absence(exchange, _at(walk, card.url)))
        if walk.in_process and not is_catalog(exchange):
            result = replace(result, django_fix=INCLUDE)
        elif is_catalog(exchange):
            result = replace(result, django_fix=_OWN_VIEW)
        yield result


def _absence(exchange: Exchange, entries_at_card: list[Mapping[str, Any]]) -> str:
    """Return a sentence that says what is there in place of the entry of a card."""
    if exchange.answer and target(exchange.answer):
        return f"There is no catalogue. {reason(exchange)}"
    if not is_catalog(exchange):
        return f"{exchange.status} at {shown(exchange.url)}: there is no catalogue."
    if not entries_at_card:
        return CARD_NOT_LISTED.seen
    entry = entries_at_card[-1]
    if has_value(entry.get("type")):
        return f"The entry with its URL has the type {shown(entry['type'])}."
    former = "; mediaType is the former name of this member" if "mediaType" in entry else ""
    return f"The entry with its URL has no type{former}."


def _at(walk: Walk, url: str) -> list[Mapping[str, Any]]:
    """Return the entries of other types that have the URL of a card."""
    objects = [entry for entry in entries(walk) if isinstance(entry, dict)]
    others = [entry for entry in objects if not is_of_card(entry)]
    return [entry for entry in others if address_of(entry) == url]


def different(walk: Walk) -> Iterator[Finding]:
    """Report entries that do not fit the name in their card, and cards of different names."""
    cards = walk.own_cards
    for card in cards:
        first = cards[0]
        if not card.name:
            continue
        if card.entry and not is_identifier_of(card.entry.get("identifier"), card.name):
            identifier = shown(card.entry.get("identifier"))
            observation = (
                f"The identifier is {identifier}, and the name in the card {shown(card.name)}."
            )
            expected = shown(catalog_identifier(card.name))
            yield finding(CARD_ENTRY_DIFFERS, card.url, observation, expected=expected)
        elif first.name and card.name != first.name:
            observation = (
                f"The name is {shown(card.name)}; at {shown(first.url)}, {shown(first.name)}."
            )
            expected = "one name in both"
            yield finding(CARD_ENTRY_DIFFERS, card.url, observation, expected=expected)


def others(walk: Walk) -> Iterator[Finding]:
    """Report addresses that were not contacted, unless the entry of the card was judged."""
    if walk.catalog is None or _is_entry_judged(walk):
        return
    # If the card has a name, these are entries that fit it.
    has_name = walk.card and usual_name(walk)
    for url in elsewhere(walk):
        if walk.card and has_name:
            observation = f"{shown(url)} is in the entry; the card is at {shown(walk.card.url)}."
            result = finding(CARD_ELSEWHERE, walk.catalog.url, observation, fix=_OTHER_ORIGIN)
            yield replace(result, severity=Severity.WARNING)
        else:
            observation = f"{shown(url)} was not contacted: it is on another origin."
            yield finding(CARD_ELSEWHERE, walk.catalog.url, observation)


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects to another origin, where the card of this endpoint may be."""
    # If the endpoint itself is redirected, the finding about that is enough.
    if walk.own_cards or (walk.post and leads_away(walk.post)):
        return
    for exchange in (walk.card, walk.catalog):
        if exchange and leads_away(exchange):
            observation = f"{reason(exchange)} It was not followed."
            yield finding(CARD_ELSEWHERE, exchange.url, observation)


def not_read(walk: Walk) -> Iterator[Finding]:
    """Report listed cards that were not read and may be that of this endpoint."""
    unread = addresses(walk)[MOST_CARDS:]
    is_one_own = any(card.url in unread for card in walk.own_cards)
    if walk.catalog and unread and (is_one_own or not _is_entry_judged(walk)):
        observation = f"The number of listed cards that were not read is {len(unread)}. "
        observation += f"The first one is {shown(unread[0])}."
        yield finding(CARD_NOT_READ, walk.catalog.url, observation)


def _is_entry_judged(walk: Walk) -> bool:
    return any(card.entry and card.members is not None for card in walk.own_cards)


ENTRIES = (
    CATALOG_UNREADABLE,
    CATALOG_INVALID,
    CARD_NOT_LISTED,
    CARD_ENTRY_DIFFERS,
    CARD_ELSEWHERE,
    CARD_NOT_READ,
)
RULES = (unreadable, malformed, not_listed, different, others, redirected, not_read)
