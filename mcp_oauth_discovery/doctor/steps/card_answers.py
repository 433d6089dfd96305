"""Do a card and the catalogue arrive: a complete answer, the media type, readable by pages?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import phrase, shown
from mcp_oauth_discovery.doctor.steps.delivery import ANSWER_ENCODED
from mcp_oauth_discovery.doctor.steps.exchanges import compression
from mcp_oauth_discovery.doctor.steps.origins import allows, origin_line
from mcp_oauth_discovery.doctor.transport.messages import SIZE_LIMIT, Answer, Failure
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

_MAY_BE = _("It may be the card of this endpoint.")
INCLUDE = _("Include mcp_oauth_discovery.urls at the root of the URLconf, before other patterns.")
_OVERTAKE = _(
    "Put DiscoveryMiddleware first in MIDDLEWARE, and include mcp_oauth_discovery.urls at the root "
    "of the URLconf: another middleware or view answers at this URL."
)

CARD_NO_ANSWER = Entry(
    code="card-no-answer",
    severity=Severity.WARNING,
    seen=_("The answer leaves open whether there is a server card or a catalogue."),
    expected=_("200 with the document, or 404 if there is none"),
    section="SEP-2127, discovery",
    fix=_(
        "Read the log of the site for the error of this request, and have the proxy answer 404 for "
        "unknown paths."
    ),
)
CARD_UNAVAILABLE = Entry(
    code="card-unavailable",
    severity=Severity.ERROR,
    seen=_("The server card cannot be read."),
    expected=_("200 with the card as a JSON object"),
    section="SEP-2127, discovery",
    fix=_("Serve the card at this URL, or remove its entry from the catalogue."),
    django_fix=_(
        "Add the resource to MCP_SERVER_CARDS, and have the proxy pass the URL of the card on."
    ),
    explains=("card-not-listed", "card-cors", "card-type"),
)
CARD_TOO_LARGE = Entry(
    code="card-too-large",
    severity=Severity.WARNING,
    seen=_("The card or the catalogue is larger than 256 KiB: too large to check."),
    expected=_("a few kilobytes"),
    section="SEP-2127, discovery",
    fix=_("Make the document smaller: images in data: URLs belong in files of their own."),
)
CARD_TYPE_WRONG = Entry(
    code="card-type",
    severity=Severity.ERROR,
    seen=_("The card or the catalogue has a media type that clients refuse."),
    expected=_(
        "Content-Type: application/mcp-server-card+json for a card, "
        "application/ai-catalog+json for a catalogue"
    ),
    section="SEP-2127, discovery",
    fix=_(
        "Serve the card with Content-Type: application/mcp-server-card+json, and the catalogue "
        "with application/ai-catalog+json. Clients accept no other type except application/json."
    ),
)
CARD_TYPE_JSON = Entry(
    code="card-type-json",
    severity=Severity.WARNING,
    seen=_("The card or the catalogue is declared as application/json, not with its own type."),
    expected=_(
        "Content-Type: application/mcp-server-card+json for a card, "
        "application/ai-catalog+json for a catalogue"
    ),
    section="SEP-2127, discovery",
    fix=_(
        "Serve the card with Content-Type: application/mcp-server-card+json, and the catalogue "
        "with application/ai-catalog+json, at least if a request accepts that type."
    ),
)
CARD_CORS = Entry(
    code="card-cors",
    severity=Severity.ERROR,
    seen=_("Web pages may not read the card or the catalogue."),
    expected=_("Access-Control-Allow-Origin: *"),
    section="SEP-2127, CORS requirements",
    fix=_("Send Access-Control-Allow-Origin: * with the card and the catalogue."),
    django_fix=_(
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
        observation = gettext(
            # Translators: an answer is such as "404: an empty body."
            "MCP_SERVER_CARDS has a card for this endpoint, and the site answers %(answer)s"
        )
        observation %= {"answer": reason(walk.card)}
        fix = gettext(INCLUDE if walk.card.status == 404 else _OVERTAKE)
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
        observation = f"{result.seen} {gettext(_MAY_BE)}"
        yield replace(result, severity=Severity.WARNING, seen=observation)


def _is_unavailable(exchange: Exchange) -> bool:
    is_unread = is_cut(exchange) or is_too_large(exchange)
    return exchange.reading.members is None and not is_unread


def too_large(walk: Walk) -> Iterator[Finding]:
    for exchange in (walk.card, walk.catalog, *walk.linked_cards):
        if exchange and is_too_large(exchange):
            yield finding(CARD_TOO_LARGE, exchange.url)


def reason(exchange: Exchange) -> str:
    """Return a sentence that says why a request has brought no document."""
    sentence = _end(exchange)
    for hop in reversed(exchange.hops):
        # Translators: a redirect by its status, and what came of it, such as "404: Not Found."
        text = gettext("%(status)d to %(url)s, then %(rest)s")
        sentence = text % {"status": hop.status, "url": shown(target(hop)), "rest": sentence}
    return sentence


def _end(exchange: Exchange) -> str:
    answer = exchange.outcome
    if isinstance(answer, Failure):
        return gettext("No answer: %(reason)s.") % {"reason": phrase(answer.reason)}
    if answer.status == 200 and answer.is_cut:
        text = gettext("It is larger than %(number)d KiB; the rest was not read.")
        return text % {"number": SIZE_LIMIT // 1024}
    if exchange.reading.fault:
        text = gettext("200 with %(problem)s.") % {"problem": phrase(exchange.reading.detail)}
        return compression(exchange) or text
    if to := target(answer):
        text = gettext("%(status)d: a redirect to %(url)s.")
        return text % {"status": answer.status, "url": shown(to)}
    text = gettext("%(status)d: %(content)s.")
    return text % {"status": answer.status, "content": gist(answer)}


def _problem(entry: Entry, exchange: Exchange) -> Finding:
    """Return the finding that an exchange has brought no document, and why."""
    fault = exchange.answer.fault if exchange.answer else None
    if fault is None:
        return finding(entry, exchange.url, reason(exchange), fix=fix_of(exchange))
    observation = gettext("%(status)d: %(problem)s")
    observation %= {"status": exchange.status, "problem": phrase(fault.problem)}
    return finding(entry, exchange.url, observation, fix=fault.fix)


def fix_of(exchange: Exchange) -> str:
    """Return the fix for an answer that cannot be read, or "" for that of its entry."""
    is_encoded = exchange.reading.fault and compression(exchange)
    return gettext(ANSWER_ENCODED.fix) if is_encoded else ""


def types(walk: Walk) -> Iterator[Finding]:
    for exchange, expected in _documents(walk):
        declared = exchange.answer.header("content-type") if exchange.answer else None
        observation = gettext("There is no Content-Type.")
        if declared:
            observation = f"Content-Type: {shown(declared)}."
        if media_type(exchange) == JSON:
            yield finding(CARD_TYPE_JSON, exchange.url, expected=f"Content-Type: {expected}")
        elif media_type(exchange) != expected:
            expectation = f"Content-Type: {expected}"
            yield finding(CARD_TYPE_WRONG, exchange.url, observation, expected=expectation)


def reads(walk: Walk) -> Iterator[Finding]:
    """Report documents that web pages cannot read, or cannot reach through a redirect."""
    reads = {exchange.url: exchange.answer for exchange in walk.card_reads}
    for exchange, _kind in _documents(walk):
        answers = (reads.get(answer.url, answer) for answer in exchange.answers())
        for answer in answers:
            if answer and not allows(answer, walk.page_origin):
                line = _redirect_line(answer) if target(answer) else origin_line(answer)
                yield finding(CARD_CORS, exchange.url, line)
                break


def _redirect_line(answer: Answer) -> str:
    """Return a sentence about the origins that a redirect allows."""
    allowed = answer.header("access-control-allow-origin")
    text = gettext("The redirect at %(url)s: there is no Access-Control-Allow-Origin.")
    if allowed is not None:
        text = gettext("The redirect at %(url)s: Access-Control-Allow-Origin: %(allowed)s.")
    return text % {"url": shown(answer.url), "allowed": shown(allowed)}


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
