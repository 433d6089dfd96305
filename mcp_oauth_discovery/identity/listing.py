"""The resources of a site: the entries of `MCP_RESOURCES`, and the default resource."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice

from django.utils.functional import cached_property

from mcp_oauth_discovery.conf import Misconfigured, conf
from mcp_oauth_discovery.identity.index import Entry, PathAndQuery, ResourceIndex, refused, rest_of
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.standards.identifiers import Location, locate


class Listing:
    """The resources of a site as one request sees them. No two share a location.

    `origin` is that of the issuer. It is empty if no key is a path, so that it need not be known.
    `default` is the identifier of the default resource, which may be an entry, or None. Raises
    `Misconfigured` if two keys share a location for every issuer. The look-ups raise it at each
    location that keys share for this issuer, or that a key shares with the default resource.
    """

    def __init__(self, index: ResourceIndex, origin: str, default: str | None) -> None:
        self.index = index
        self._origin = origin
        self._default = default
        # What look-ups have found, by path and by name. What they do not find is not kept.
        self._at: dict[str, Resource] = {}
        self._named: dict[str, Resource] = {}
        self._refuse_duplicates(index.duplicates)

    @cached_property
    def unlisted(self) -> Resource | None:
        """The default resource, if it is no entry."""
        default = self._default
        if default is None or self.index.identified(default, self._origin):
            return None
        return Resource(default, {})

    @cached_property
    def default(self) -> Resource | None:
        """The default resource, or None."""
        if self.unlisted is not None:
            return self._checked(self.unlisted)
        if self._default is None:
            return None
        return self._checked(self._resource(self.index.identified(self._default, self._origin)[0]))

    @cached_property
    def resources(self) -> list[Resource]:
        """All resources, disabled ones included."""
        resources = [self._resource(entry) for entry in self.index.entries]
        if self.unlisted is not None:
            resources.append(self.unlisted)
        by_location: dict[Location, Resource] = {}
        for resource in resources:
            other = by_location.setdefault(resource.location, resource)
            if other is not resource:
                raise _shared(resource.identifier, other.identifier)
        return resources

    def at(self, path: str, query: str, host: Callable[[], str]) -> Resource | None:
        """Return the enabled resource at a path and query, as `find_at` does.

        `host` is called only if several resources share them.
        """
        if not query and path in self._at:
            return self._at[path]
        for selected in dict.fromkeys((query, "")):
            place, unlisted = self._place(path, selected)
            if len(place.enabled) + (unlisted is not None) > 1:
                resource = self._on_host(place, unlisted, host())
            else:
                resource = self._resource(place.enabled[0]) if place.enabled else unlisted
                if resource is not None and not query:
                    self._at[path] = resource
            if resource is not None:
                return resource
        return None

    def at_path(self, path: str) -> list[Resource]:
        """Return all resources at a path, whatever their query is, disabled ones included."""
        resources = [self._resource(entry) for entry in self.index.at_path(path)]
        unlisted = self.unlisted
        if unlisted is not None and unlisted.location.path == path:
            resources.append(unlisted)
        return [self._checked(resource) for resource in resources]

    def disabled_at(self, path: str) -> Resource | None:
        """Return a disabled resource at a path."""
        entry = self.index.disabled_at(path)
        return entry and self._resource(entry)

    def named(self, name: str) -> Resource | None:
        """Return the resource of this name, as `find_named` does."""
        if name not in self._named:
            resource = self._find_named(name)
            if resource is None:
                return None
            self._named[name] = resource
        return self._named[name]

    def _find_named(self, name: str) -> Resource | None:
        entries = self.index.identified(name, self._origin)
        keyed = self.index.keyed(name)
        if keyed is not None and keyed.is_path:
            entries.append(keyed)
        unlisted = self.unlisted
        named = self._resources(entries, unlisted and unlisted.identifier == name)
        if len(named) != 1:
            for resource in named:
                self._checked(resource)
            entries = self.index.with_rest(name)[:2]
            named = self._resources(entries, unlisted and rest_of(unlisted.identifier) == name)
        return self._checked(named[0]) if len(named) == 1 else None

    def summary(self, most: int = 10) -> str:
        """Return the identifiers for a message: the first ones, and how many there are besides."""
        first = [entry.identifier(self._origin) for entry in islice(self.index.entries, most)]
        if self.unlisted is not None:
            first.append(self.unlisted.identifier)
        others = len(self.index.entries) - most
        return ", ".join(first) + (f" and {others} more" if others > 0 else "")

    def _resource(self, entry: Entry) -> Resource:
        identifier = entry.identifier(self._origin)
        return Resource(identifier, entry.members, entry.enabled, entry.key)

    def _resources(self, entries: list[Entry], with_unlisted: object) -> list[Resource]:
        resources = [self._resource(entry) for entry in entries]
        return [*resources, self.unlisted] if self.unlisted and with_unlisted else resources

    @cached_property
    def _issuer_host(self) -> str:
        return locate(self._origin).host if self._origin else ""

    def _on_host(
        self, place: PathAndQuery, unlisted: Resource | None, host: str
    ) -> Resource | None:
        entries = [entry for entry in place.on_host(host, self._issuer_host) if entry.enabled]
        if entries:
            return self._resource(entries[0])
        return unlisted if unlisted is not None and unlisted.location.host == host else None

    def _checked(self, resource: Resource) -> Resource:
        """Return a resource that shares its location with no other."""
        self._place(resource.location.path, resource.location.query)
        return resource

    def _place(self, path: str, query: str) -> tuple[PathAndQuery, Resource | None]:
        """Return the entries at a path and query, and the default resource if it is no entry.

        Raises `Misconfigured` if two of them share a location.
        """
        place, unlisted, host = self.index.place(path, query), self.unlisted, self._issuer_host
        self._refuse_duplicates(place.on_host(host, host))
        if unlisted is None or unlisted.location[1:] != (path, query):
            return place, None
        for entry in place.on_host(unlisted.location.host, host):
            raise _shared(unlisted.identifier, entry.identifier(self._origin))
        return place, unlisted

    def _refuse_duplicates(self, entries: list[Entry]) -> None:
        if len(entries) > 1:
            first, second = (entry.identifier(self._origin) for entry in entries[:2])
            raise _shared(second, first)


# The listing of a site that is pinned, which is the same for all its requests.
pinned_listing = lru_cache(maxsize=1)(Listing)


def _shared(identifier: str, other: str) -> Misconfigured:
    problem = f"{identifier} and {other} share one metadata URL"
    return refused(conf.MCP_RESOURCES, problem)
