"""The entries of `MCP_SERVER_CARDS`, by the path of their endpoint. No request decides anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.urls import get_script_prefix

from mcp_oauth_discovery.conf import Misconfigured, conf, fingerprint, fixed_script_prefix
from mcp_oauth_discovery.discovery.server_objects import ATTRIBUTES, find_server, server_member
from mcp_oauth_discovery.identity.index import EXAMPLE_ORIGIN
from mcp_oauth_discovery.standards.identifiers import locate
from mcp_oauth_discovery.standards.server_cards import CARD

SETTING = "MCP_SERVER_CARDS"
# The member that names the server object. It is not published.
SERVER = "server"

HINT = (
    "Write the resource, and the members of its card: MCP_SERVER_CARDS = "
    '{"/mcp": {"name": "com.example/weather", "version": "1.0.0", '
    '"description": "Forecasts for any place."}}.'
)


def has_cards() -> bool:
    """Return whether `MCP_SERVER_CARDS` has a value, right or wrong."""
    return bool(conf.MCP_SERVER_CARDS)


def may_be_card(path: str) -> bool:
    """Return whether a path may be that of a card, without a look-up in the URLconf."""
    return path.endswith((CARD, f"{CARD}/")) and has_cards()


def endpoint_path(captured: str | None) -> str:
    """Return the path of an endpoint, by what the URL pattern of its card captures.

    It is percent-decoded. None means the endpoint at the root of the site.
    """
    return f"{get_script_prefix()}{captured}" if captured else get_script_prefix()[:-1]


def has_card_at(path: str) -> bool:
    """Return whether `MCP_SERVER_CARDS` has an entry for the path of an endpoint.

    The resource itself may still be unknown, because it can depend on the request.
    """
    cards: object = conf.MCP_SERVER_CARDS
    return isinstance(cards, Mapping) and path in _keys_by_path(tuple(cards))


def fingerprint_at(captured: str | None) -> bytes | None:
    """Return the fingerprint of what the card of an endpoint shows besides its resource.

    `captured` is as in `endpoint_path`. None means that it cannot be compared.
    """
    prefix = fixed_script_prefix()
    return _fingerprint(entries_at(f"{prefix}{captured}" if captured else prefix[:-1]))


def fingerprint_of_all() -> bytes | None:
    """Return the fingerprint of what the catalogue shows, or None if it cannot be compared."""
    cards: object = conf.MCP_SERVER_CARDS
    own = _fingerprint(dict(cards)) if isinstance(cards, Mapping) else None
    resources = fingerprint(conf.MCP_RESOURCES)
    return None if own is None or resources is None else own + resources


def _fingerprint(entries: Mapping[str, Any]) -> bytes | None:
    paths = [card.get(SERVER) for card in entries.values() if isinstance(card, Mapping)]
    try:
        servers = [
            [server_member(find_server(path), name, EXAMPLE_ORIGIN) for name in ATTRIBUTES]
            for path in paths
            if path
        ]
    except ValueError:
        # The card is built next, and reports it.
        return None
    return fingerprint([entries, servers])


def entries_at(path: str) -> Mapping[str, Any]:
    """Return the entries at the path of an endpoint."""
    cards: object = conf.MCP_SERVER_CARDS
    if not isinstance(cards, Mapping):
        return {}
    return {key: cards.get(key) for key in _keys_by_path(tuple(cards)).get(path, ())}


# The setting may have thousands of keys, and any client can request URLs that end like a card's.
@lru_cache(maxsize=2)
def _keys_by_path(keys: tuple[object, ...]) -> Mapping[str, list[str]]:
    """Return the keys of the setting by the percent-decoded paths of their endpoints."""
    by_path: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        path = path_of(key)
        if path is not None:
            by_path[path].append(str.__str__(key))
    return dict(by_path)


def entries() -> Mapping[str, Any]:
    """Return a copy of the setting, because another thread may change it."""
    cards: object = conf.MCP_SERVER_CARDS
    if not isinstance(cards, Mapping):
        raise refused(cards, "expected a dict", HINT)
    return dict(cards)


def path_of(key: object) -> str | None:
    """Return the percent-decoded path of a key, or None if it can name no resource."""
    if not isinstance(key, str):
        return None
    # The text of a string that is a member of an enumeration may be the name of the member.
    text = str.__str__(key)
    try:
        return locate(f"{EXAMPLE_ORIGIN}{text}" if text.startswith("/") else text).path
    except ValueError:
        return None


def refused(value: object, problem: object, hint: str, *path: object) -> Misconfigured:
    return Misconfigured.of(SETTING, value, problem, hint, path=path)
