"""Answers about the load of a site, which say nothing about the request."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_oauth_discovery.doctor.transport.messages import Answer
from mcp_oauth_discovery.doctor.walk.observations import Exchange

# Too many requests, and what a proxy says if the application does not answer it.
_BUSY = (429, 502, 503, 504)


def served(exchange: Exchange | None) -> Answer | None:
    """Return the answer, or None if the site limits its requests or cannot answer for a while.

    What a service answers in place of the site is no such answer: it lasts.
    """
    if exchange is None or (exchange.status in _BUSY and not exchange.intermediary):
        return None
    return exchange.answer


def all_served(exchanges: Iterable[Exchange | None]) -> bool:
    """Return whether each of these was made, and its answer is about the request."""
    return all(served(exchange) is not None for exchange in exchanges)
