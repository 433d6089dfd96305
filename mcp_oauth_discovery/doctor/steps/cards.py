"""Is there a server card for the endpoint, and do it and the catalogue name each other?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, Step, correcting, finding
from mcp_oauth_discovery.doctor.printing import pointed, shown
from mcp_oauth_discovery.doctor.steps import catalog
from mcp_oauth_discovery.doctor.steps.origins import allows, origin_line
from mcp_oauth_discovery.doctor.steps.values import has_value
from mcp_oauth_discovery.doctor.walk.acceptance import difference, differing_parts
from mcp_oauth_discovery.doctor.walk.cards import (
    JSON,
    Card,
    addresses,
    ask_for_cards,
    is_cut,
    is_unknown,
    media_type,
    own_cards,
    remotes,
)
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk, all_answered
from mcp_oauth_discovery.standards.server_cards import (
    CARD_TYPE,
    CATALOG_TYPE,
    REQUIRED,
    SCHEMA,
    check_card_member,
)

_MAY_BE = " It may be the card of this endpoint."

CARD_NO_ANSWER = Entry(
    code="card-no-answer",
    severity=Severity.WARNING,
    seen="The answer leaves open whether there is a server card or a catalogue.",
    expected="200 with the document, or 404 if there is none",
    section="SEP-2127, discovery",
    fix="Read the log of the site, and have the proxy answer 404 for unknown paths.",
)
CARD_UNAVAILABLE = Entry(
    code="card-unavailable",
    severity=Severity.ERROR,
    seen="The server card cannot be read.",
    expected="200 with the card as a JSON object",
    section="SEP-2127, discovery",
    fix="Serve the card at this URL, or remove its entry from the catalogue.",
    django_fix="Add the resource to MCP_SERVER_CARDS, and have the proxy pass the URL on.",
)
CARD_TYPE_WRONG = Entry(
    code="card-type",
    severity=Severity.ERROR,
    seen="The card or the catalogue has a media type that clients refuse.",
    expected=f"Content-Type: {CARD_TYPE} for a card, {CATALOG_TYPE} for a catalogue",
    section="SEP-2127, discovery",
    fix="Set the type: clients accept no other one except application/json.",
)
CARD_TYPE_JSON = Entry(
    code="card-type-json",
    severity=Severity.WARNING,
    seen="The card or the catalogue is declared as application/json, not with its own type.",
    expected=f"Content-Type: {CARD_TYPE} for a card, {CATALOG_TYPE} for a catalogue",
    section="SEP-2127, discovery",
    fix="Set its own type, at least in the answer to requests that accept it.",
)
CARD_CORS = Entry(
    code="card-cors",
    severity=Severity.ERROR,
    seen="Web pages may not read the card or the catalogue.",
    expected="Access-Control-Allow-Origin: *",
    section="SEP-2127, CORS requirements",
    fix="Send Access-Control-Allow-Origin: * with both documents.",
    django_fix="Put DiscoveryMiddleware first, before CorsMiddleware.",
)
CARD_INVALID = Entry(
    code="card-invalid",
    severity=Severity.ERROR,
    seen="The card lacks a member, or has an invalid one.",
    expected=f"$schema, {', '.join(REQUIRED)}, and values as the schema {SCHEMA} has them",
    section="SEP-2127, schema",
    fix="Correct the member.",
    django_fix="Correct the member in MCP_SERVER_CARDS.",
)
CARD_ENDPOINT = Entry(
    code="card-endpoint",
    severity=Severity.ERROR,
    seen="No remote of the card is this endpoint.",
    expected="a remote of type streamable-http with the URL of the endpoint",
    section="SEP-2127, schema",
    fix="Add the URL of the endpoint to remotes, exactly as users type it.",
    django_fix="Set MCP_RESOURCE to the URL of the endpoint, exactly as users type it.",
)


def no_answers(walk: Walk) -> Iterator[Finding]:
    """Report answers that leave open whether there is a card or a catalogue."""
    own = {card.url for card in own_cards(walk)}
    for exchange in (walk.card, walk.catalog):
        is_open = exchange and is_unknown(exchange) and not is_cut(exchange)
        if exchange and is_open and exchange.url not in own:
            result = _problem(CARD_NO_ANSWER, exchange)
            # All answers in process are those of the project itself.
            yield replace(result, severity=Severity.ERROR) if walk.in_process else result


def unavailable(walk: Walk) -> Iterator[Finding]:
    """Report cards that cannot be read although they are listed, or declared as cards."""
    own = own_cards(walk)
    for card in own:
        if card.exchange and card.members is None and not is_cut(card.exchange):
            yield _problem(CARD_UNAVAILABLE, card.exchange)
        elif card.exchange is None and card.members is None and "data" in (card.entry or {}):
            yield finding(CARD_UNAVAILABLE, card.url, "data of its entry is not an object.")
    if own:
        return
    for exchange in walk.linked_cards:
        if exchange.reading.members is None and not is_cut(exchange):
            result = _problem(CARD_UNAVAILABLE, exchange)
            yield replace(result, severity=Severity.WARNING, seen=f"{result.seen}{_MAY_BE}")


def _problem(entry: Entry, exchange: Exchange) -> Finding:
    """Return the finding that an exchange has brought no document, and why."""
    fault = exchange.answer.fault if exchange.answer else None
    if fault is None:
        return finding(entry, exchange.url, catalog.reason(exchange))
    observation = f"{exchange.status}: {shown(fault.problem)}"
    return finding(entry, exchange.url, observation, fix=fault.fix)


def types(walk: Walk) -> Iterator[Finding]:
    for exchange, expected in _documents(walk):
        declared = exchange.answer.header("content-type") if exchange.answer else None
        observation = (
            f"Content-Type: {shown(declared)}." if declared else "There is no Content-Type."
        )
        if media_type(exchange) == JSON:
            yield finding(CARD_TYPE_JSON, exchange.url, expected=f"Content-Type: {expected}")
        elif media_type(exchange) != expected:
            expectation = f"Content-Type: {expected}"
            yield finding(CARD_TYPE_WRONG, exchange.url, observation, expected=expectation)


def reads(walk: Walk) -> Iterator[Finding]:
    """Report documents that web pages cannot read."""
    answers = {exchange.url: exchange.answer for exchange in walk.card_reads}
    for exchange, _ in _documents(walk):
        answer = answers.get(exchange.url, exchange.answer)
        if answer and not allows(answer, walk.page_origin):
            yield finding(CARD_CORS, exchange.url, origin_line(answer))


def _documents(walk: Walk) -> Iterator[tuple[Exchange, str]]:
    """Yield the cards of the endpoint and the catalogue, if they were read, and their types."""
    for card in own_cards(walk):
        if card.exchange and card.members is not None:
            yield card.exchange, CARD_TYPE
    if walk.catalog and walk.catalog.reading.members is not None:
        yield walk.catalog, CATALOG_TYPE


def members(walk: Walk) -> Iterator[Finding]:
    """Report what the schema refuses in a card."""
    for card in own_cards(walk):
        for problem in _problems(card):
            yield finding(CARD_INVALID, card.url, problem)


def _problems(card: Card) -> Iterator[str]:
    if card.members is None:
        return
    if card.members.get("$schema") != SCHEMA:
        schema = card.members.get("$schema")
        yield f"$schema is {shown(schema)}." if has_value(schema) else "$schema is missing."
    for name in REQUIRED:
        if not has_value(card.members.get(name)):
            yield f"{name} is missing."
    for name, value in card.members.items():
        try:
            if name not in REQUIRED or has_value(value):
                check_card_member(name, value)
        except ValueError as error:
            yield f"{shown(name)} is {shown(value)}: {shown(str(error))}."
    for name in card.exchange.reading.duplicates if card.exchange else ():
        yield f"{shown(name)} appears twice."


def endpoint(walk: Walk) -> Iterator[Finding]:
    """Report a card without a remote that is the endpoint, and how the nearest one differs."""
    for card in own_cards(walk):
        own = remotes(card.members)
        urls = [remote.get("url") for remote in own if remote.get("type") == "streamable-http"]
        if card.members is None or walk.url in urls or any(map(_is_template, urls)):
            continue
        others = [remote.get("type") for remote in own if remote.get("url") == walk.url]
        texts = [url for url in urls if isinstance(url, str)]
        if others:
            observation = f"The remote with this URL has the type {shown(others[0])}."
            yield finding(CARD_ENDPOINT, card.url, observation)
        elif texts:
            observation = f"{pointed(texts[0], walk.url)}\n{difference(texts[0], walk.url)}"
            correction = correcting(differing_parts(texts[0], walk.url))
            yield finding(CARD_ENDPOINT, card.url, observation.strip(), correction=correction)
        else:
            yield finding(CARD_ENDPOINT, card.url, "There is no remote of type streamable-http.")


def _is_template(url: object) -> bool:
    """Return whether a client replaces a part of a URL, so that it cannot be compared."""
    return isinstance(url, str) and "{" in url


def can_pass(walk: Walk) -> bool:
    """Return whether a card was compared with the endpoint, and both documents were read."""
    own = own_cards(walk)
    has_catalog = walk.catalog is not None and walk.catalog.reading.members is not None
    are_read = all(card.members is not None for card in own) and all_answered(walk.card_reads)
    compared = [remote for card in own for remote in remotes(card.members)]
    return has_catalog and are_read and walk.url in [remote.get("url") for remote in compared]


def is_absent(walk: Walk) -> bool:
    """Return whether this endpoint has no card, if nothing else was found."""
    places = (walk.card, walk.catalog, *walk.linked_cards)
    return (
        not own_cards(walk)
        and not any(place is None or is_unknown(place) for place in places)
        # Each address where the card may be was requested.
        and len(addresses(walk)) == len(walk.linked_cards)
    )


STEP = Step(
    name="server-cards",
    title="Server cards",
    holds="the card names this endpoint, and the catalogue lists the card",
    lacks="this endpoint has no server card; cards are optional",
    entries=(
        CARD_NO_ANSWER,
        CARD_UNAVAILABLE,
        CARD_TYPE_WRONG,
        CARD_TYPE_JSON,
        CARD_CORS,
        CARD_INVALID,
        CARD_ENDPOINT,
        *catalog.ENTRIES,
    ),
    rules=(no_answers, unavailable, types, reads, members, endpoint, *catalog.RULES),
    can_pass=can_pass,
    is_absent=is_absent,
    probes=(ask_for_cards,),
)
