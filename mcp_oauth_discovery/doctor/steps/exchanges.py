"""The exchanges that rules about answers judge, and the clients that a bad answer stops."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_oauth_discovery.doctor.clients import EVERY, Client
from mcp_oauth_discovery.doctor.language import gettext
from mcp_oauth_discovery.doctor.language import gettext_noop as _
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.walk.observations import Exchange, Walk

# What firewalls and login services must let pass.
# Translators: the object of "Exempt", in other texts.
PUBLIC = _("/.well-known/ and the MCP endpoint")


def plain(walk: Walk) -> Iterator[Exchange]:
    """Yield the requests to the endpoint and for the documents."""
    yield from (exchange for exchange in (walk.post, walk.get) if exchange)
    yield from of_documents(walk)


def of_documents(walk: Walk) -> Iterator[Exchange]:
    """Yield the requests for the documents."""
    yield from (place.exchange for place in walk.tried)


def beyond(walk: Walk) -> Iterator[Exchange]:
    """Yield the requests beyond those of clients, which only the steps of the doctor need."""
    places = [*walk.resources, *(place for server in walk.servers for place in server.documents)]
    yield from (place.exchange for place in places)
    yield from (*walk.page_reads, *walk.page_preflights)
    asked = [walk.endpoint_preflight, walk.endpoint_delete, walk.endpoint_read]
    for endpoint in walk.oauth_endpoints:
        asked += [endpoint.get, endpoint.preflight, endpoint.control]
    yield from (exchange for exchange in (*asked, walk.card, walk.catalog) if exchange)
    yield from (exchange for _, exchange in walk.heads)
    yield from (forgery.exchange for forgery in walk.forgeries)
    yield from (*walk.suffixes, *walk.linked_cards, *walk.card_reads)
    yield from (again.exchange for again in (*walk.agents, *walk.burst))


def are_read(walk: Walk) -> bool:
    """Return whether every document that clients find was read; an error is no document."""
    return not any(
        place.exchange.status in (0, 200) and place.members is None for place in walk.tried
    )


def stopped(walk: Walk, exchange: Exchange) -> tuple[Client, ...] | None:
    """Return the clients that a bad answer stops, or None for those of the entry."""
    if exchange.url == walk.url:
        # A POST survives neither an error nor a redirect.
        return EVERY
    # MCP clients read no keys.
    return () if exchange.url in {document.url for document in walk.jwks} else None


def compression(exchange: Exchange) -> str:
    """Return a sentence about a compressed answer, or "" if it is not compressed."""
    coding = exchange.answer.header("content-encoding") if exchange.answer else None
    if coding is None or coding.lower() in ("", "identity"):
        return ""
    text = gettext("Content-Encoding: %(coding)s, without a request for it.")
    return text % {"coding": shown(coding)}
