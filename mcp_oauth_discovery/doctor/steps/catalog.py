"""The catalogue: is it well-formed, and does it have a fitting entry for the card?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Failure
from mcp_oauth_discovery.doctor.walk.cards import (
    address_of,
    elsewhere,
    entries,
    is_catalog,
    is_unknown,
    own_cards,
)
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.redirects import target
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
    django_fix="Serve it with CatalogView, or a subclass.",
)
CATALOG_INVALID = Entry(
    code="catalog-invalid",
    severity=Severity.ERROR,
    seen="The catalogue or one of its entries is malformed.",
    expected="a list of entries, each with an identifier of its own and either url or data",
    section="AI Catalog, entries",
    fix="Correct the entry: clients refuse the whole catalogue.",
)
CARD_NOT_LISTED = Entry(
    code="card-not-listed",
    severity=Severity.WARNING,
    seen="The catalogue has no entry for the card.",
    expected=f"an entry of type {CARD_TYPE} with the URL of the card",
    section="SEP-2127, discovery",
    fix="Add the entry: clients that know only the domain find the card through the catalogue.",
    django_fix="Have the proxy pass /.well-known/ai-catalog.json on to Django.",
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
    fix="If it is the card of this endpoint, compare its remotes with the URL of the endpoint.",
)


def reason(exchange: Exchange) -> str:
    """Return a sentence that says why a request has brought no document."""
    answer = exchange.outcome
    if isinstance(answer, Failure):
        return f"No answer: {shown(answer.reason)}."
    if answer.status == 200 and answer.is_cut:
        return f"It is larger than {SIZE_LIMIT // 1024} KiB; the rest was not read."
    if exchange.reading.fault:
        return f"200 with {shown(exchange.reading.detail)}."
    to = target(answer)
    return f"{answer.status}: {f'a redirect to {shown(to)}' if to else gist(answer)}."


def unreadable(walk: Walk) -> Iterator[Finding]:
    """Report a catalogue that is declared as JSON and is not an object."""
    exchange = walk.catalog
    if exchange and is_catalog(exchange) and exchange.reading.members is None:
        yield finding(CATALOG_UNREADABLE, exchange.url, reason(exchange))


def malformed(walk: Walk) -> Iterator[Finding]:
    """Report the catalogue as a whole, then each malformed entry, then repeated identifiers."""
    exchange = walk.catalog
    if exchange is None or exchange.reading.members is None:
        return
    if not _has_entries(exchange):
        yield finding(CATALOG_INVALID, exchange.url, "There is no list of entries.")
    for place, entry in enumerate(entries(walk)):
        if problem := _problem(entry):
            yield finding(CATALOG_INVALID, exchange.url, f"entries[{place}] {problem}.")
    for identifier, count in Counter(_identifiers(walk)).items():
        if count > 1:
            observation = f"{count} entries have the identifier {shown(identifier)}."
            yield finding(CATALOG_INVALID, exchange.url, observation)


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
    if entry.get("type") == CARD_TYPE and "url" in entry and not address_of(entry):
        return f"has the url {shown(entry['url'])}, which is not an absolute http URL"
    return ""


def _identifiers(walk: Walk) -> Iterator[str]:
    for entry in entries(walk):
        identifier = entry.get("identifier") if isinstance(entry, dict) else None
        if isinstance(identifier, str):
            yield identifier


def not_listed(walk: Walk) -> Iterator[Finding]:
    """Report a card that clients cannot find by the domain."""
    exchange, cards = walk.catalog, own_cards(walk)
    if exchange is None or is_unknown(exchange) or any(card.entry for card in cards):
        return
    if is_catalog(exchange) and not _has_entries(exchange):
        return
    for card in cards:
        observation = CARD_NOT_LISTED.seen
        if exchange.reading.members is None:
            observation = f"{exchange.status} at {shown(exchange.url)}: there is no catalogue."
        for entry in _at(walk, card.url):
            observation = f"The entry with its URL has the type {shown(entry.get('type'))}."
        yield finding(CARD_NOT_LISTED, card.url, observation)


def _at(walk: Walk, url: str) -> list[Mapping[str, Any]]:
    """Return the entries of other types that have the URL of a card."""
    objects = [entry for entry in entries(walk) if isinstance(entry, dict)]
    others = [entry for entry in objects if entry.get("type") != CARD_TYPE]
    return [entry for entry in others if address_of(entry) == url]


def different(walk: Walk) -> Iterator[Finding]:
    """Report entries that do not fit the name in their card, and cards of different names."""
    cards = own_cards(walk)
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
    if walk.catalog and not any(
        card.entry and card.members is not None for card in own_cards(walk)
    ):
        for url in elsewhere(walk):
            observation = f"{shown(url)} was not contacted: it is on another origin."
            yield finding(CARD_ELSEWHERE, walk.catalog.url, observation)


ENTRIES = (
    CATALOG_UNREADABLE,
    CATALOG_INVALID,
    CARD_NOT_LISTED,
    CARD_ENTRY_DIFFERS,
    CARD_ELSEWHERE,
)
RULES = (unreadable, malformed, not_listed, different, others)
