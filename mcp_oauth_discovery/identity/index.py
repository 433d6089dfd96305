"""The entries of `MCP_RESOURCES`, by path and by key. Nothing here depends on a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mcp_oauth_discovery.conf import Misconfigured, conf, fingerprint
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.standards.identifiers import check_resource, locate, split

# The host for the system checks, which have no request. RFC 6761 reserves this name.
EXAMPLE_ORIGIN = "https://this-site.invalid"

# A setting with at most so many entries is compared as a whole on every use.
FEW = 16
# In seconds: how often a setting with more entries is compared as a whole.
_INTERVAL = 1
# How many entries at one path are compared on every use.
_NEIGHBOURS = 8

_HINT = (
    "Write a path or an absolute https URL for each resource, and its members: "
    'MCP_RESOURCES = {"/files/mcp": {"resource_name": "Files"}}.'
)


def refused(value: object, problem: object) -> Misconfigured:
    """Return the error about `MCP_RESOURCES`, or about an entry of it."""
    return Misconfigured.of("MCP_RESOURCES", value, problem, _HINT)


class Entry(NamedTuple):
    """An entry of `MCP_RESOURCES`. The members are those of the resource, without `enabled`."""

    key: str
    members: Mapping[str, Any]
    enabled: bool
    is_path: bool
    number: int
    fingerprint: bytes | None

    def identifier(self, origin: str) -> str:
        """Return the identifier; `origin` is that of the issuer, for a key that is a path."""
        return origin + self.key if self.is_path else self.key


class PathAndQuery:
    """The entries with one path and query. If there are several, the host decides."""

    def __init__(self) -> None:
        self.enabled: list[Entry] = []
        self._by_host: dict[str, list[Entry]] = {}
        self._on_issuer: list[Entry] = []

    def add(self, entry: Entry, host: str) -> list[Entry]:
        """Add an entry, and return all on its host; a key that is a path is on the issuer's."""
        if entry.enabled:
            self.enabled.append(entry)
        entries = self._on_issuer if entry.is_path else self._by_host.setdefault(host, [])
        entries.append(entry)
        return entries

    def on_host(self, host: str, issuer_host: str) -> list[Entry]:
        """Return the entries for a host in their order; more than one is an error."""
        entries = self._by_host.get(host, [])
        if host != issuer_host or not self._on_issuer:
            return entries
        return sorted([*entries, *self._on_issuer], key=lambda entry: entry.number)


class _Path:
    """The entries with one path."""

    def __init__(self) -> None:
        self.places: dict[str, PathAndQuery] = {}
        self.entries: list[Entry] = []
        self.disabled: Entry | None = None

    def add(self, entry: Entry, host: str, query: str) -> list[Entry]:
        self.entries.append(entry)
        if not entry.enabled:
            self.disabled = entry
        return self.places.setdefault(query, PathAndQuery()).add(entry, host)


_NOWHERE = _Path()
_EMPTY = PathAndQuery()


class ResourceIndex:
    """The entries of one value of `MCP_RESOURCES`; raises `Misconfigured` if one is invalid."""

    def __init__(self, setting: object) -> None:
        if not isinstance(setting, Mapping):
            raise refused(setting, "expected a dict")
        self.entries = [_read(key, members, i) for i, (key, members) in enumerate(setting.items())]
        # Entries with one location, whatever the issuer is.
        self.duplicates: list[Entry] = []
        self._paths: dict[str, Entry] = {}
        self._uris: dict[str, Entry] = {}
        self._by_path: dict[str, _Path] = {}
        self._by_rest: dict[str, list[Entry]] = {}
        for entry in self.entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        (self._paths if entry.is_path else self._uris)[entry.key] = entry
        identifier = entry.identifier(EXAMPLE_ORIGIN)
        host, path, query = locate(identifier)
        sharing = self._by_path.setdefault(path, _Path()).add(entry, host, query)
        if len(sharing) > 1:
            self.duplicates = self.duplicates or sharing
        self._by_rest.setdefault(rest_of(identifier), []).append(entry)

    @property
    def has_paths(self) -> bool:
        """Whether a key is a path, whose resource is on the origin of the issuer."""
        return bool(self._paths)

    def place(self, path: str, query: str) -> PathAndQuery:
        """Return the entries at a percent-decoded path and a raw query."""
        return self._by_path.get(path, _NOWHERE).places.get(query, _EMPTY)

    def at_path(self, path: str) -> list[Entry]:
        """Return the entries at a percent-decoded path, whatever their query is."""
        return self._by_path.get(path, _NOWHERE).entries

    def disabled_at(self, path: str) -> Entry | None:
        """Return a disabled entry at a percent-decoded path."""
        return self._by_path.get(path, _NOWHERE).disabled

    def identified(self, identifier: str, origin: str) -> list[Entry]:
        """Return the entries with an identifier; `origin` is that of the issuer."""
        path = identifier.removeprefix(origin) if identifier.startswith(origin) else ""
        entries = (self._uris.get(identifier), self._paths.get(path))
        return [entry for entry in entries if entry is not None]

    def keyed(self, key: str) -> Entry | None:
        """Return the entry with a key."""
        return self._paths.get(key) or self._uris.get(key)

    def with_rest(self, rest: str) -> list[Entry]:
        """Return the entries whose identifier has this after its origin."""
        return self._by_rest.get(rest, [])

    def is_current(self, resource: Resource | None, path: str | None = None) -> bool:
        """Return whether the setting still has the same entry, or still none, for a resource.

        The same must be true for `path`, which is a path or a key. A setting with few entries is
        always current, because `resource_index` has compared all of them.
        """
        if len(self.entries) <= FEW:
            return True
        keys: set[str] = set()
        if path is not None:
            keys = {path, *(entry.key for entry in self.at_path(path)[:_NEIGHBOURS])}
        if resource is not None:
            keys |= {resource.key or resource.identifier, rest_of(resource.identifier)}
        setting: object = conf.MCP_RESOURCES
        return isinstance(setting, Mapping) and all(
            self._is_unchanged(setting, key) for key in keys
        )

    def _is_unchanged(self, setting: Mapping[str, Any], key: str) -> bool:
        entry = self.keyed(key)
        if entry is None:
            return key not in setting
        return fingerprint(setting.get(key)) == entry.fingerprint


def _read(key: Any, members: Any, number: int) -> Entry:
    if not isinstance(members, Mapping):
        raise refused({key: members}, "expected a dict of members for each resource")
    # Take it before the members are read, as in `CurrentIndex`.
    value = fingerprint(members)
    enabled = members.get("enabled", True)
    if not isinstance(enabled, bool):
        raise refused({key: members}, "expected True or False for 'enabled'")
    is_path = isinstance(key, str) and key.startswith("/") and not key.startswith("//")
    # The origin is checked with the issuer, so check the path alone here.
    try:
        check_resource(EXAMPLE_ORIGIN + key if is_path else key)
    except ValueError as error:
        raise refused({key: members}, error) from error
    own = {name: value for name, value in members.items() if name != "enabled"}
    return Entry(key, own, enabled, is_path, number, value)


def rest_of(identifier: str) -> str:
    """Return the path and query of an identifier as written."""
    return identifier[len(split(identifier).origin) :]


class _Comparison(NamedTuple):
    """An index that had the value of the setting at an instant of the monotonic clock."""

    result: ResourceIndex
    setting: dict[str, Any]
    fingerprint: bytes
    instant: float


class CurrentIndex:
    """Keeps the index of `MCP_RESOURCES` for as long as the setting has the same value."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Only replaced, never changed: several threads use it.
        self._last: _Comparison | None = None

    def __call__(self) -> ResourceIndex:
        """Return the index, the same object while nothing has changed; raises `Misconfigured`."""
        setting, last = conf.MCP_RESOURCES, self._last
        if last is not None and last.setting is setting and self._is_recent(last):
            return last.result
        # Take it before the entries are read, to notice a change in between on the next use.
        value = fingerprint(setting)
        if last is None or value != last.fingerprint:
            index = ResourceIndex(setting)
        else:
            index = last.result
            if len(index.entries) <= FEW:
                return index
        self._last = None
        # What is not plain data may change unnoticed.
        if value is not None and isinstance(setting, dict):
            self._last = _Comparison(index, setting, value, self._clock())
        return index

    def _is_recent(self, last: _Comparison) -> bool:
        """Return whether a long setting was compared as a whole a moment ago, and has its keys."""
        entries = last.result.entries
        if len(entries) <= FEW or len(entries) != len(last.setting):
            return False
        # A new key is the last one, whatever it replaces.
        has_keys = next(reversed(last.setting), None) == entries[-1].key
        return has_keys and self._clock() - last.instant < _INTERVAL

    def forget(self) -> None:
        """Build the index again on the next use."""
        self._last = None


resource_index = CurrentIndex()
