"""Do a card and the catalogue arrive: a complete answer, the media type, readable by pages?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.delivery import ANSWER_ENCODED
from mcp_oauth_discovery.doctor.steps.exchanges import compression
from mcp_oauth_discovery.doctor.steps.origins import allows, origin_line
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Failure
from mcp_oauth_discovery.doctor.walk.cards import (
    JSON,
    is_catalog,
    is_cut,
    is_too_large,
    is_unknown,
    media_type,
)
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk
from mcp_oauth_discovery.doctor.walk.reading import gist
from mcp_oauth_discovery.doctor.walk.redirects import target
from mcp_oauth_discovery.standards.server_cards import CARD_TYPE, CATALOG_TYPE

_MAY_BE = " It may be the card of this endpoint."
INCLUDE = "Include mcp_oauth_discovery.urls at the root of the URLconf, before other patterns."
_OVERTAKE = (
    "Put DiscoveryMiddleware first in MIDDLEWARE, and include mcp_oauth_discovery.urls at the root "
    "of the URLconf: another middleware or view answers at this URL."
)

CARD_NO_ANSWER = Entry(
    code="card-no-answer",
    severity=Severity.WARNING,
    seen="The answer leaves open whether there is a server card or a catalogue.",
    expected="200 with the document, or 404 if there is none",
    section="SEP-2127, discovery",
    fix=(
        "Read the log of the site for the error of this request, and have the proxy answer 404 for "
        "unknown paths."
    ),
)
CARD_UNAVAILABLE = Entry(
    code="card-unavailable",
    severity=Severity.ERROR,
    seen="The server card cannot be read.",
    expected="200 with the card as a JSON object",
    section="SEP-2127, discovery",
    fix="Serve the card at this URL, or remove its entry from the catalogue.",
    django_fix=(
        "Add the resource to MCP_SERVER_CARDS, and have the proxy pass the URL of the card on."
    ),
    explains=("card-not-listed", "card-cors", "card-type"),
)
CARD_TOO_LARGE = Entry(
    code="card-too-large",
    severity=Severity.WARNING,
    seen=f"The card or the catalogue is larger than {SIZE_LIMIT // 1024} KiB: too large to check.",
    expected="a few kilobytes",
    section="SEP-2127, discovery",
    fix="Make the document smaller: images in data: URLs belong in files of their own.",
)
CARD_TYPE_WRONG = Entry(
    code="card-type",
    severity=Severity.ERROR,
    seen="The card or the catalogue has a media type that clients refuse.",
    expected=f"Content-Type: {CARD_TYPE} for a card, {CATALOG_TYPE} for a catalogue",
    section="SEP-2127, discovery",
    fix=(
        f"Serve the card with Content-Type: {CARD_TYPE}, and the catalogue with {CATALOG_TYPE}. "
        "Clients accept no other type except application/json."
    ),
)
CARD_TYPE_JSON = Entry(
    code="card-type-json",
    severity=Severity.WARNING,
    seen="The card or the catalogue is declared as application/json, not with its own type.",
    expected=f"Content-Type: {CARD_TYPE} for a card, {CATALOG_TYPE} for a catalogue",
    section="SEP-2127, discovery",
    fix=(
        f"Serve the card with Content-Type: {CARD_TYPE}, and the catalogue with {CATALOG_TYPE}, at "
        "least if a request accepts that type."
    ),
)
CARD_CORS = Entry(
    code="card-cors",
    severity=Severity.ERROR,
    seen="Web pages may not read the card or the catalogue.",
    expected="Access-Control-Allow-Origin: *",
    section="SEP-2127, CORS requirements",
    fix="Send Access-Control-Allow-Origin: * with the card and the catalogue.",
    django_fix=(
        "Put DiscoveryMiddleware first in MIDDLEWARE, before CorsMiddleware, and serve the card "
        "and the catalogue with the views of this app. Other views, redirects and proxies must "
        "send the header themselves."
    ),
)


def no_answers(walk: Walk) -> Iterator[Finding]:
    """Report answers that leave open whether there is a card or a catalogue."""
    # Other steps report a site that is down as a whole.
    if not walk.in_process and (walk.post is None or is_unknown(walk.post)):
        return
    own = {card.url for card in walk.own_cards}
    for exchange in (walk.card, walk.catalog):
        is_open = exchange and is_unknown(exchange) and not is_cut(exchange)
        # 429: the doctor has sent too many requests, which the step for load reports.
        if exchange and is_open and exchange.status != 429 and exchange.url not in own:
            result = _problem(CARD_NO_ANSWER, exchange)
            # All answers in process are those of the project itself.
            yield replace(result, severity=Severity.ERROR) if walk.in_process else result


def not_served(walk: Walk) -> Iterator[Finding]:
    """Report a card that this project has in its settings and does not serve."""
    if walk.card and _is_not_served(walk, walk.card):
        observation = "MCP_SERVER_CARDS has a card for this endpoint, and the site answers "
        observation += reason(walk.card)
        fix = INCLUDE if walk.card.status == 404 else _OVERTAKE
        yield finding(CARD_UNAVAILABLE, walk.card.url, observation, fix=fix)


def _is_not_served(walk: Walk, exchange: Exchange) -> bool:
    """Return whether an answer shows that a card in the settings of this project is not served.

    A project may serve the card at another address, if its catalogue lists that.
    """
    is_missing = not is_unknown(exchange) and _is_unavailable(exchange)
    has_one = any(card.members is not None for card in walk.own_cards)
    return exchange is walk.card and walk.is_described and is_missing and not has_one


def unavailable(walk: Walk) -> Iterator[Finding]:
    """Report cards that cannot be read although they are listed, or declared as cards."""
    for card in walk.own_cards:
        exchange = card.exchange
        if exchange and _is_unavailable(exchange) and not _is_not_served(walk, exchange):
            yield _problem(CARD_UNAVAILABLE, exchange)
    if walk.own_cards:
        return
    for exchange in filter(_is_unavailable, walk.linked_cards):
        result = _problem(CARD_UNAVAILABLE, exchange)
        yield replace(result, severity=Severity.WARNING, seen=f"{result.seen}{_MAY_BE}")


def _is_unavailable(exchange: Exchange) -> bool:
    is_unread = is_cut(exchange) or is_too_large(exchange)
    return exchange.reading.members is None and not is_unread


def too_large(walk: Walk) -> Iterator[Finding]:
    for exchange in (walk.card, walk.catalog, *walk.linked_cards):
        if exchange and is_too_large(exchange):
            yield finding(CARD_TOO_LARGE, exchange.url)


def reason(exchange: Exchange) -> str:
    """Return a sentence that says why a request has brought no document."""
    redirects = (f"{hop.status} to {shown(target(hop))}, then " for hop in exchange.hops)
    return f"{''.join(redirects)}{_end(exchange)}"


def _end(exchange: Exchange) -> str:
    answer = exchange.outcome
    if isinstance(answer, Failure):
        return f"No answer: {shown(answer.reason)}."
    if answer.status == 200 and answer.is_cut:
        return f"It is larger than {SIZE_LIMIT // 1024} KiB; the rest was not read."
    if exchange.reading.fault:
        return compression(exchange) or f"200 with {shown(exchange.reading.detail)}."
    to = target(answer)
    return f"{answer.status}: {f'a redirect to {shown(to)}' if to else gist(answer)}."


def _problem(entry: Entry, exchange: Exchange) -> Finding:
    """Return the finding that an exchange has brought no document, and why."""
    fault = exchange.answer.fault if exchange.answer else None
    if fault is None:
        return finding(entry, exchange.url, reason(exchange), fix=fix_of(exchange))
    observation = f"{exchange.status}: {shown(fault.problem)}"
    return finding(entry, exchange.url, observation, fix=fault.fix)


def fix_of(exchange: Exchange) -> str:
    """Return the fix for an answer that cannot be read, or "" for that of its entry."""
    return ANSWER_ENCODED.fix if exchange.reading.fault and compression(exchange) else ""


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
    """Report documents that web pages cannot read, or cannot reach through a redirect."""
    reads = {exchange.url: exchange.answer for exchange in walk.card_reads}
    for exchange, _ in _documents(walk):
        answers = (reads.get(answer.url, answer) for answer in exchange.answers())
        for answer in answers:
            if answer and not allows(answer, walk.page_origin):
                line = origin_line(answer)
                if target(answer):
                    line = f"The redirect at {shown(answer.url)}: {line[0].lower()}{line[1:]}"
                yield finding(CARD_CORS, exchange.url, line)
                break


def _documents(walk: Walk) -> Iterator[tuple[Exchange, str]]:
    """Yield the cards of the endpoint and the catalogue, if they were read, and their types."""
    for card in walk.own_cards:
        if card.exchange and card.members is not None:
            yield card.exchange, CARD_TYPE
    if walk.catalog and walk.catalog.reading.members is not None and is_catalog(walk.catalog):
        yield walk.catalog, CATALOG_TYPE


ENTRIES = (
    CARD_NO_ANSWER,
    CARD_UNAVAILABLE,
    CARD_TOO_LARGE,
    CARD_TYPE_WRONG,
    CARD_TYPE_JSON,
    CARD_CORS,
)
RULES = (no_answers, not_served, unavailable, too_large, types, reads)
