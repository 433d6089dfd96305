"""Whether server cards agree with the MCP servers that they describe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import unwrap
from typing import Any

from mcp_oauth_discovery.checks.registry import Advice, about, rule
from mcp_oauth_discovery.checks.routes import example_site, view_at
from mcp_oauth_discovery.checks.site import local_resources
from mcp_oauth_discovery.conf import shown
from mcp_oauth_discovery.discovery import cards
from mcp_oauth_discovery.discovery.card_entries import SERVER, SETTING
from mcp_oauth_discovery.discovery.server_objects import ATTRIBUTES, is_server, server_member
from mcp_oauth_discovery.standards.server_cards import check_card_member


@rule("W047")
def check_cards_agree_with_servers(**kwargs: Any) -> Iterator[Advice]:
    """Report a member of a server card that its MCP server has with another value."""
    site = example_site()
    entries = cards.configured_cards(site)
    paths = {local.url: local.path for local in local_resources(site)} if entries else {}
    for entry in entries:
        card = cards.read_card(entry)
        endpoint = entry.resource.identifier
        server = cards.configured_server(entry)
        if server is None and endpoint in paths:
            server = _routed_server(paths[endpoint])
        for name in ATTRIBUTES if server is not None else ():
            value = _comparable(server, name, endpoint)
            if name in card and value is not None and not _agree(name, card[name], value):
                yield about(
                    f"{SETTING}[{entry.key!r}][{name!r}]",
                    card[name],
                    f"the MCP server has {shown(value)} there, and clients see both",
                    _hint(name, card[name], value, SERVER in entry.members),
                )


def _routed_server(path: str) -> Any:
    """Return the server at a path of the URLconf, perhaps inside decorators, or None.

    Servers of the SDK are not in a URLconf, so only one of django-mcpz can be there.
    """
    server = unwrap(view_at(path))
    return server if is_server(server) else None


def _comparable(server: Any, name: str, endpoint: str) -> Any:
    """Return the value of a member in a server, or None if it has none that a card can have.

    A server may have a long description, for example. The entry then needs another one.
    """
    try:
        value = server_member(server, name, endpoint)
        if name != "name":
            check_card_member(name, value)
    except ValueError:
        return None
    return value


def _agree(name: str, own: Any, value: Any) -> bool:
    if name == "name":
        # The card has a domain before the name.
        return value in (own, own.partition("/")[2])
    # Tuples and lists are the same in JSON.
    return json.dumps(own, sort_keys=True) == json.dumps(value, sort_keys=True)


def _hint(name: str, own: Any, value: Any, is_named: bool) -> str:
    if name == "name":
        return f"Name the server {own.partition('/')[2]!r} or {own!r}, or change the entry."
    if is_named:
        own_out = f'Leave "{name}" out of the entry to publish that of the server'
        return f"{own_out}, or give both the same value."
    if shown(value) != repr(value):
        return f'Copy "{name}" from the server into the entry, or change it in the server.'
    return f'Write "{name}": {shown(value)} in the entry, or change it in the server.'
