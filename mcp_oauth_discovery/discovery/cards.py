"""Builds the server cards and the catalogue from `MCP_SERVER_CARDS` and one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mcp_oauth_discovery.conf import Misconfigured, conf, shown
from mcp_oauth_discovery.discovery import card_entries
from mcp_oauth_discovery.discovery.card_entries import (
    HINT,
    SERVER,
    path_of,
    refused,
)
from mcp_oauth_discovery.discovery.server_objects import ATTRIBUTES, find_server, server_member
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.index import EXAMPLE_ORIGIN, rest_of
from mcp_oauth_discovery.identity.lookup import find_at, find_named
from mcp_oauth_discovery.standards import server_cards
from mcp_oauth_discovery.standards.identifiers import locate
from mcp_oauth_discovery.standards.metadata import Document, has_value

_SERVER_HINT = (
    "Write the path of the module, a dot and the name of the server: "
    '"server": "project.servers.weather".'
)


class Configured(NamedTuple):
    """An entry of `MCP_SERVER_CARDS`: its key and members, and the resource that the key names."""

    key: str
    members: Any
    resource: Resource

    @property
    def url(self) -> str:
        """The URL of the card."""
        return server_cards.card_url(self.resource.identifier)


def server_card(site: Site, path: str, query: str = "") -> Document | None:
    """Return the card of the resource at the path of an endpoint, or None if it has none.

    `path` is percent-decoded, and `query` is the raw query of the request. Raises `Misconfigured`.
    """
    resource = find_at(site, path, query)
    if resource is None:
        return None
    # Only these entries: a mistake in another one must not concern this card.
    own = [
        entry for entry in _named(site, card_entries.entries_at(path)) if entry.resource == resource
    ]
    if len(own) > 1:
        raise _twice(own[0], own[1])
    return read_card(own[0]) if own else None


def catalog(site: Site) -> Document | None:
    """Return the catalogue with all cards of a site, or None if it has none.

    Raises `Misconfigured`.
    """
    cards = configured_cards(site)
    entries = [server_cards.catalog_entry(read_card(entry), entry.url) for entry in cards]
    by_identifier: dict[str, Configured] = {}
    for card, entry in zip(cards, entries, strict=True):
        other = by_identifier.setdefault(entry["identifier"], card)
        if other is not card:
            problem = f"the card of {other.key} has the same name"
            raise refused(card.members, problem, "Give each MCP server its own name.", card.key)
    return server_cards.catalog(entries) if entries else None


def configured_cards(site: Site) -> list[Configured]:
    """Return the entries of enabled resources, each of which has one.

    Raises `Misconfigured` if a key names no resource, unless it may be that of another host.
    """
    setting = card_entries.entries()
    named = list(_named(site, setting))
    cards = [entry for entry in named if entry.resource.enabled]
    by_identifier: dict[str, Configured] = {}
    for entry in cards:
        earlier = by_identifier.setdefault(entry.resource.identifier, entry)
        if earlier is not entry:
            raise _twice(earlier, entry)
    locations = {resource.location: resource for resource in site.resources} if cards else {}
    for entry in cards:
        if other := locations.get(locate(entry.url)):
            problem = f"the URL of its card is that of the resource {other.identifier}"
            hint = "Give one of the two resources another path."
            raise refused(entry.members, problem, hint, entry.key)
    keys = {entry.key for entry in named}
    for key, members in setting.items():
        if key not in keys and not _may_be_elsewhere(key, site):
            raise _unknown(key, members, site)
    return cards


def every_entry() -> Iterator[Configured]:
    """Yield all entries, to check the forms of their members, whatever their keys name."""
    for key, members in card_entries.entries().items():
        identifier = str(key) if "://" in str(key) else f"{EXAMPLE_ORIGIN}/mcp"
        yield Configured(key, members, Resource(identifier, {}))


def read_card(entry: Configured) -> Document:
    """Return the card of an entry; raises `Misconfigured` for the first wrong member."""
    if not isinstance(entry.members, Mapping):
        raise refused(entry.members, "expected a dict of members", HINT, entry.key)
    own = {name: value for name, value in entry.members.items() if has_value(value)}
    own.pop(SERVER, None)
    for name, value in own.items():
        _check(name, value, entry.key)
    server = configured_server(entry)
    members = own if server is None else {**_members_of_server(server, entry, own), **own}
    for name in server_cards.REQUIRED:
        if name not in members:
            also = "" if server is None else ", both here and in the server"
            hint = f'Add "{name}": {server_cards.EXAMPLES[name]}.'
            raise refused(entry.members, f"{name!r} is missing{also}", hint, entry.key)
    return server_cards.server_card(entry.resource.identifier, members)


def configured_server(entry: Configured) -> Any | None:
    """Return the server object that an entry names, or None; raises `Misconfigured`."""
    path = entry.members.get(SERVER)
    if not has_value(path):
        return None
    try:
        return find_server(path)
    except ValueError as error:
        raise refused(path, error, _SERVER_HINT, entry.key, SERVER) from error


def _members_of_server(server: Any, entry: Configured, own: Document) -> Document:
    """Return the members that a server has, and its entry has not."""
    members = {}
    for name in ATTRIBUTES:
        try:
            value = None if name in own else server_member(server, name, entry.resource.identifier)
            if value is not None:
                server_cards.check_card_member(name, value)
                members[name] = value
        except ValueError as error:
            # A server may have a name without a domain, which is not the name of a card.
            if name != "name":
                problem = f"the {name} of this server cannot be used: {error}"
                hint = f'Change it, or add "{name}": {server_cards.EXAMPLES[name]} to the entry.'
                path = entry.members[SERVER]
                raise refused(path, problem, hint, entry.key, SERVER) from error
    return members


def _check(name: object, value: object, key: str) -> None:
    if name in server_cards.FILLED_IN:
        problem, hint = f"{name!r} cannot be set here", "Leave it out: the app fills it in."
        raise refused(value, problem, hint, key, name)
    try:
        server_cards.check_card_member(name, value)
    except ValueError as error:
        example = server_cards.EXAMPLES.get(str(name))
        hint = f'Write, for example, "{name}": {example}.' if example else "Leave it out."
        raise refused(value, error, hint, key, name) from error


def _named(site: Site, entries: Mapping[str, Any]) -> Iterator[Configured]:
    """Yield those entries whose key names a resource of this site, disabled or not."""
    for key, members in entries.items():
        resource = find_named(site, key) if path_of(key) is not None else None
        if resource is not None:
            yield Configured(key, members, resource)


def _may_be_elsewhere(key: object, site: Site) -> bool:
    """Return whether a key may name a resource that this site has on another host only."""
    if site.is_pinned or path_of(key) is None:
        return False
    if callable(conf.MCP_ISSUER) or callable(conf.MCP_RESOURCE):
        return True
    # Without MCP_ISSUER, hosts differ in the origin of a resource, but not in its path.
    return not str.__str__(key).startswith("/")


def _unknown(key: object, members: object, site: Site) -> Misconfigured:
    problem = "its key is no resource of this site"
    # The path of a resource is a key on every host.
    example = next((item.key or rest_of(item.identifier) for item in site.resources), "/mcp")
    hint = (
        f"Write a resource as the key, such as {shown(example)}, or add this one to MCP_RESOURCES."
    )
    return refused(members, problem, hint, key)


def _twice(first: Configured, second: Configured) -> Misconfigured:
    problem = f"{first.key} is an entry for the same resource"
    return refused(second.members, problem, "Remove one of the two.", second.key)
