"""Cards that were not read: on another origin, or too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcp_oauth_discovery.doctor.findings import Entry, Finding, Severity, finding
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.steps.card_answers import reason
from mcp_oauth_discovery.doctor.walk.cards import (
    MOST_CARDS,
    addresses,
    elsewhere,
    leads_away,
    usual_name,
)
from mcp_oauth_discovery.doctor.walk.observations import Walk

CARD_ELSEWHERE = Entry(
    code="card-elsewhere",
    severity=Severity.INFO,
    seen=_("The catalogue lists a card on another origin; it was not contacted."),
    expected=_("cards on the origin of the endpoint, so that they can be checked"),
    section="SEP-2127, discovery",
    fix=_(
        "If the card there is that of this endpoint, compare its remotes with the URL of the "
        "endpoint."
    ),
)
CARD_NOT_READ = Entry(
    code="card-not-read",
    severity=Severity.INFO,
    seen=_("The catalogue lists more cards than the doctor reads."),
    expected=_("the card at /server-card below the endpoint, or among the first 3 listed"),
    section="SEP-2127, discovery",
    fix=_("Serve the card at /server-card below the endpoint, so that it can be checked."),
)

_OTHER_ORIGIN = _(
    "Write the URL at which the card is served into the entry: clients read the card at the URL in "
    "the entry."
)


def others(walk: Walk) -> Iterator[Finding]:
    """Report addresses that were not contacted, unless the entry of the card was judged."""
    if walk.catalog is None or _is_entry_judged(walk):
        return
    # If the card has a name, these are entries that fit it.
    has_name = walk.card and usual_name(walk)
    for url in elsewhere(walk):
        if walk.card and has_name:
            observation = gettext("%(url)s is in the entry; the card is at %(card)s.")
            observation %= {"url": shown(url), "card": shown(walk.card.url)}
            fix = gettext(_OTHER_ORIGIN)
            result = finding(CARD_ELSEWHERE, walk.catalog.url, observation, fix=fix)
            yield replace(result, severity=Severity.WARNING)
        else:
            observation = gettext("%(url)s was not contacted: it is on another origin.")
            yield finding(CARD_ELSEWHERE, walk.catalog.url, observation % {"url": shown(url)})


def redirected(walk: Walk) -> Iterator[Finding]:
    """Report redirects to another origin, where the card of this endpoint may be."""
    # If the endpoint itself is redirected, the finding about that is enough.
    if walk.own_cards or (walk.post and leads_away(walk.post)):
        return
    for exchange in (walk.card, walk.catalog):
        if exchange and leads_away(exchange):
            # Translators: a redirect.
            sentence = gettext("It was not followed.")
            yield finding(CARD_ELSEWHERE, exchange.url, f"{reason(exchange)} {sentence}")


def not_read(walk: Walk) -> Iterator[Finding]:
    """Report listed cards that were not read and may be that of this endpoint."""
    unread = addresses(walk)[MOST_CARDS:]
    is_one_own = any(card.url in unread for card in walk.own_cards)
    if walk.catalog and unread and (is_one_own or not _is_entry_judged(walk)):
        observation = gettext(
            "The number of listed cards that were not read is %(number)d. The first one is %(url)s."
        )
        observation %= {"number": len(unread), "url": shown(unread[0])}
        yield finding(CARD_NOT_READ, walk.catalog.url, observation)


def _is_entry_judged(walk: Walk) -> bool:
    return any(card.entry and card.members is not None for card in walk.own_cards)


ENTRIES = (CARD_ELSEWHERE, CARD_NOT_READ)
RULES = (others, redirected, not_read)
