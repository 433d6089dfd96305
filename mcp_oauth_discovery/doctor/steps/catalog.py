"""The catalogue: is it well-formed, and does it have a fitting entry for the card?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext, ngettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.card_answers import INCLUDE, fix_of, reason
from mcp_oauth_discovery.doctor.steps.documents import DOCUMENT_BYTE_ORDER_MARK
from mcp_oauth_discovery.doctor.steps.values import missing
from mcp_oauth_discovery.doctor.walk.cards import (
    address_of,
    entries,
    is_catalog,
    is_of_card,
    is_too_large,
    is_unknown,
)
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.standards.metadata import has_value
from mcp_oauth_discovery.standards.server_cards import (
    catalog_identifier,
    is_identifier_of,
)

CATALOG_UNREADABLE = Entry(
    code="catalog-unreadable",
    severity=Severity.ERROR,
    seen=_("The catalogue is not a JSON object."),
    expected=_("an object with a list of entries, or 404 if there is no catalogue"),
    section="AI Catalog, top-level members",
    fix=_("Serve the catalogue with a JSON serialiser."),
    django_fix=_("Serve the catalogue with CatalogView, or a subclass."),
    explains=("card-not-listed",),
)
CATALOG_INVALID = Entry(
    code="catalog-invalid",
    severity=Severity.ERROR,
    seen=_("The catalogue or one of its entries is malformed."),
    expected=_(
        "specVersion, and a list of entries, each with an identifier of its own and either url "
        "or data"
    ),
    section="AI Catalog, entries",
    fix=_("Correct the catalogue: clients refuse all of it because of one invalid part."),
    explains=("card-not-listed",),
)
CARD_NOT_LISTED = Entry(
    code="card-not-listed",
    severity=Severity.WARNING,
    seen=_("The catalogue has no entry for the card."),
    expected=_("an entry of type application/mcp-server-card+json with the URL of the card"),
    section="SEP-2127, discovery",
    fix=_(
        "Add an entry for the card to the catalogue: clients that know only the domain find the "
        "card there."
    ),
    django_fix=_(
        "Have the proxy pass /.well-known/ai-catalog.json on to Django. Serve the catalogue with "
        "CatalogView; a subclass calls super().get_document() for the entries of the cards."
    ),
)
CARD_ENTRY_DIFFERS = Entry(
    code="card-entry-differs",
    severity=Severity.WARNING,
    seen=_("The entry in the catalogue and the card have different names."),
    expected=_("the identifier that follows from the name in the card"),
    section="SEP-2127, server card entries",
    fix=_("Use the domain and the name of the card in the identifier of its entry."),
)
_OWN_VIEW = _(
    "Serve the catalogue with CatalogView. A subclass calls super().get_document() for the entries "
    "of the cards, and adds its own."
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
        yield finding(CATALOG_INVALID, exchange.url, gettext(mark.seen), fix=gettext(mark.fix))
    for place, entry in enumerate(entries(walk)):
        if problem := _problem(entry, f"entries[{place}]"):
            yield finding(CATALOG_INVALID, exchange.url, problem)
    for identifier, count in Counter(_identifiers(walk)).items():
        if count > 1:
            observation = ngettext(
                "%(number)d entry has the identifier %(identifier)s.",
                "%(number)d entries have the identifier %(identifier)s.",
                count,
            )
            observation %= {"number": count, "identifier": shown(identifier)}
            yield finding(CATALOG_INVALID, exchange.url, observation)


def _problems_of_whole(exchange: Exchange) -> Iterator[str]:
    members = exchange.reading.members or {}
    version = members.get("specVersion")
    if not has_value(version):
        yield missing("specVersion")
    elif not isinstance(version, str):
        text = gettext("%(name)s is %(value)s, which is not a string.")
        yield text % {"name": "specVersion", "value": shown(version)}
    if not _has_entries(exchange):
        yield gettext("There is no list of entries.")
    for name in exchange.reading.duplicates:
        yield gettext("%(name)s appears twice.") % {"name": shown(name)}


def _has_entries(exchange: Exchange) -> bool:
    return isinstance((exchange.reading.members or {}).get("entries"), list)


def _problem(entry: object, name: str) -> str:
    """Return a sentence that says what is wrong with an entry, or ""; `name` is its place."""
    if not isinstance(entry, dict):
        return gettext("%(name)s is not an object.") % {"name": name}
    if "url" in entry and "data" in entry:
        text = gettext("%(name)s has both url and data.")
    elif "url" not in entry and "data" not in entry:
        text = gettext("%(name)s has neither url nor data.")
    elif not isinstance(entry.get("identifier"), str):
        text = gettext("%(name)s has no identifier.")
    # Entries of other types have rules of their own.
    elif is_of_card(entry) and "url" in entry and not address_of(entry):
        text = gettext("%(name)s has the url %(url)s, which is not an absolute http URL.")
    elif is_of_card(entry) and not isinstance(entry.get("data", {}), dict):
        text = gettext("%(name)s has data that is not an object.")
    else:
        return ""
    return text % {"name": name, "url": shown(entry.get("url"))}


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
            result = replace(result, django_fix=gettext(INCLUDE))
        elif is_catalog(exchange):
            result = replace(result, django_fix=gettext(_OWN_VIEW))
        yield result


def _absence(exchange: Exchange, entries_at_card: list[Mapping[str, Any]]) -> str:
    """Return a sentence that says what is there in place of the entry of a card."""
    if exchange.answer and target(exchange.answer):
        sentence = gettext("There is no catalogue.")
        return f"{sentence} {reason(exchange)}"
    if not is_catalog(exchange):
        text = gettext("%(status)d at %(url)s: there is no catalogue.")
        return text % {"status": exchange.status, "url": shown(exchange.url)}
    if not entries_at_card:
        return gettext(CARD_NOT_LISTED.seen)
    entry = entries_at_card[-1]
    if has_value(entry.get("type")):
        text = gettext("The entry with its URL has the type %(type)s.")
        return text % {"type": shown(entry["type"])}
    if "mediaType" in entry:
        return gettext(
            "The entry with its URL has no type; mediaType is the former name of this member."
        )
    return gettext("The entry with its URL has no type.")


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
            observation = gettext(
                "The identifier is %(identifier)s, and the name in the card %(name)s."
            )
            identifier = shown(card.entry.get("identifier"))
            observation %= {"identifier": identifier, "name": shown(card.name)}
            expected = shown(catalog_identifier(card.name))
            yield finding(CARD_ENTRY_DIFFERS, card.url, observation, expected=expected)
        elif first.name and card.name != first.name:
            observation = gettext("The name is %(name)s; at %(url)s, %(other)s.")
            other = shown(first.name)
            observation %= {"name": shown(card.name), "url": shown(first.url), "other": other}
            expected = gettext("one name in both")
            yield finding(CARD_ENTRY_DIFFERS, card.url, observation, expected=expected)


ENTRIES = (
    CATALOG_UNREADABLE,
    CATALOG_INVALID,
    CARD_NOT_LISTED,
    CARD_ENTRY_DIFFERS,
)
RULES = (unreadable, malformed, not_listed, different)
