"""Is there a server card for the endpoint, and do it and the catalogue name each other?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.language import gettext, said
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import card_answers, catalog, unread_cards
from mcp_oauth_discovery.doctor.steps.documents import DOCUMENT_BYTE_ORDER_MARK
from mcp_oauth_discovery.doctor.steps.protected_resource import PRM_RESOURCE_SCHEME
from mcp_oauth_discovery.doctor.steps.values import hidden, invalid, missing, stated
from mcp_oauth_discovery.doctor.walk.acceptance import difference, differing_parts
from mcp_oauth_discovery.doctor.walk.cards import (
    addresses,
    ask_for_cards,
    is_unknown,
    leads_away,
    remotes,
)
from mcp_oauth_discovery.doctor.walk.observations import Card, Walk, all_answered
from mcp_oauth_discovery.standards.metadata import has_value
from mcp_oauth_discovery.standards.server_cards import (
    REQUIRED,
    SCHEMA,
    check_card_member,
    check_remotes,
)

CARD_INVALID = Entry(
    code="card-invalid",
    severity=Severity.ERROR,
    seen=_("The card lacks a member, or has an invalid one."),
    expected=_(
        "$schema, name, version, description, and values as the schema "
        "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json has them"
    ),
    section="SEP-2127, schema",
    fix=_("Correct the invalid or missing member in the server card."),
    django_fix=_("Correct the invalid or missing member in MCP_SERVER_CARDS."),
    explains=("card-endpoint", "card-entry-differs"),
)
CARD_ENDPOINT = Entry(
    code="card-endpoint",
    severity=Severity.ERROR,
    seen=_("No remote of the card is this endpoint."),
    expected=_("a remote of type streamable-http with the URL of the endpoint"),
    section="SEP-2127, schema",
    fix=_("Add the URL of the endpoint to remotes, exactly as users type it."),
    django_fix=_("Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it."),
)

CARD_HIDDEN = Entry(
    code="card-hidden",
    severity=Severity.WARNING,
    seen=_("The title or the description has characters that control, hide or reorder the text."),
    expected=_("visible text"),
    section="SEP-2127, RFC 8259 §7, Unicode UTR 36",
    fix=_(
        "Remove the control characters and the hidden characters from the title and the "
        "description of the card: people may read another text than the one that was written."
    ),
    django_fix=_(
        "Remove the control characters and the hidden characters from the title and the "
        "description in MCP_SERVER_CARDS."
    ),
)
# The description may have several lines.
_OF_LINES = {"title": "", "description": "\n\r\t"}


def members(walk: Walk) -> Iterator[Finding]:
    """Report what the schema refuses in a card."""
    for card in walk.own_cards:
        for problem in _problems(card):
            yield finding(CARD_INVALID, card.url, problem)
        if card.exchange and card.exchange.reading.has_mark:
            mark = DOCUMENT_BYTE_ORDER_MARK
            yield finding(CARD_INVALID, card.url, gettext(mark.seen), fix=gettext(mark.fix))


def hidden_characters(walk: Walk) -> Iterator[Finding]:
    for card in walk.own_cards:
        for name, allowed in _OF_LINES.items():
            value = (card.members or {}).get(name)
            if characters := hidden(value, allowed=allowed):
                observation = gettext("%(name)s is %(value)s, with %(characters)s.")
                values = {"name": name, "value": shown(value), "characters": characters}
                yield finding(CARD_HIDDEN, card.url, observation % values)


def _problems(card: Card) -> Iterator[str]:
    if card.members is None:
        return
    schema = card.members.get("$schema")
    if has_value(schema) and schema != SCHEMA:
        yield stated("$schema", schema)
    for name in ("$schema", *REQUIRED):
        if not has_value(card.members.get(name)):
            yield missing(name)
    for name, value in card.members.items():
        try:
            if name == "remotes":
                check_remotes(value)
            elif name not in REQUIRED or has_value(value):
                check_card_member(name, value)
        except ValueError as error:
            yield invalid(name, value, said(error))
    for name in card.exchange.reading.duplicates if card.exchange else ():
        yield gettext("%(name)s appears twice.") % {"name": shown(name)}


def endpoint(walk: Walk) -> Iterator[Finding]:
    """Report a card without a remote that is the endpoint, and how the nearest one differs."""
    for card in walk.own_cards:
        own = remotes(card.members)
        urls = [remote.get("url") for remote in own if remote.get("type") == "streamable-http"]
        if card.members is None or walk.url in urls or any(map(_is_template, urls)):
            continue
        others = [remote.get("type") for remote in own if remote.get("url") == walk.url]
        texts = [url for url in urls if isinstance(url, str)]
        if others:
            observation = gettext("The remote with this URL has the type %(type)s.")
            yield finding(CARD_ENDPOINT, card.url, observation % {"type": shown(others[0])})
        elif texts:
            yield _other_remote(card, texts[0], walk.url)
        else:
            observation = gettext("There is no remote of type streamable-http.")
            yield finding(CARD_ENDPOINT, card.url, observation)


def _other_remote(card: Card, url: str, endpoint: str) -> Finding:
    """Return the finding that a remote is not the endpoint, and how they differ."""
    observation = f"{pointed(url, endpoint)}\n{difference(url, endpoint)}".strip()
    parts = differing_parts(url, endpoint)
    # Translators: a URL in a server card, as in "Correct the path of the remote in the card."
    correction = correcting(parts, gettext("the remote in the card"))
    result = finding(CARD_ENDPOINT, card.url, observation, correction=correction)
    if parts == ["scheme"] and endpoint.startswith("https:"):
        entry = PRM_RESOURCE_SCHEME
        return replace(result, fix=gettext(entry.fix), django_fix=gettext(entry.django_fix))
    return result


def _is_template(url: object) -> bool:
    """Return whether a client replaces a part of a URL, so that it cannot be compared."""
    return isinstance(url, str) and "{" in url


def can_pass(walk: Walk) -> bool:
    """Return whether a card was compared with the endpoint, and both documents were read."""
    own = walk.own_cards
    has_catalog = walk.catalog is not None and walk.catalog.reading.members is not None
    are_read = all(card.members is not None for card in own) and all_answered(walk.card_reads)
    compared = [remote for card in own for remote in remotes(card.members)]
    return has_catalog and are_read and walk.url in [remote.get("url") for remote in compared]


def is_absent(walk: Walk) -> bool:
    """Return whether this endpoint has no card, if nothing else was found."""
    places = (walk.card, walk.catalog, *walk.linked_cards)
    return (
        not walk.own_cards
        and not any(place is None or is_unknown(place) or leads_away(place) for place in places)
        # Each address where the card may be was requested.
        and len(addresses(walk)) == len(walk.linked_cards)
    )


STEP = Step(
    name="server-cards",
    title=_("Server cards"),
    holds=_("the card names this endpoint, and the catalogue lists the card"),
    lacks=_("this endpoint has no server card; cards are optional"),
    entries=(
        *card_answers.ENTRIES,
        CARD_INVALID,
        CARD_ENDPOINT,
        CARD_HIDDEN,
        *catalog.ENTRIES,
        *unread_cards.ENTRIES,
    ),
    rules=(
        *card_answers.RULES,
        members,
        endpoint,
        hidden_characters,
        *catalog.RULES,
        *unread_cards.RULES,
    ),
    can_pass=can_pass,
    is_absent=is_absent,
    probes=(ask_for_cards,),
)
