"""Finds the resource that a path, a request or a name means."""

from __future__ import annotations

from types import TracebackType

from django.http import Http404, HttpRequest
from django.utils.functional import cached_property

from mcp_oauth_discovery.conf import Misconfigured, allowed_hosts, conf, shown
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.identity.index import resource_index
from mcp_oauth_discovery.identity.resources import Resource
from mcp_oauth_discovery.standards.identifiers import without_final_slash


class UnknownResource(Misconfigured, ValueError):
    """A name, or a request that needs a resource, matches none in the settings."""


def find_target(
    request: HttpRequest, name: str | None = None, site: Site | None = None
) -> Resource:
    """Return the resource of this name: its identifier, its key in `MCP_RESOURCES`, or its path.

    Without a name it is the one at the path of the request, or else the default one. Raises
    `UnknownResource`, and `Http404` if the resource is disabled.
    """
    site = site or Site(request)
    resource = _requested(site, request) if name is None else find_named(site, name)
    if resource is None:
        raise _unknown(site, request, name)
    if not resource.enabled:
        # A project's 404 page may show the text to any visitor.
        raise Http404("There is no such resource.")
    return resource


class Lookup:
    """The resource that a request means, or the reason why there is none, found only once.

    A callable in the settings may query a database, or give another answer the second time.
    """

    def __init__(self, request: HttpRequest, name: str | None = None) -> None:
        """Take the name of the resource as `find_target` does."""
        self.name = name
        self.site = Site(request)
        self._request = request

    @classmethod
    def for_request(cls, request: HttpRequest, name: str | None, *, keep: bool = False) -> Lookup:
        """Return the lookup of this name that was kept with the request, or a new one."""
        lookups: list[Lookup] = vars(request).setdefault("_mcp_lookups", [])
        for lookup in lookups:
            if lookup.name == name:
                return lookup
        lookup = cls(request, name)
        if keep:
            lookups.append(lookup)
        return lookup

    def find(self) -> Resource:
        """Return the resource, or raise what `find_target` raised, each time the same."""
        if isinstance(self._outcome, Resource):
            return self._outcome
        error, traceback = self._outcome
        # Drop the frames that the error has passed since: their variables may contain a token.
        raise error.with_traceback(traceback)

    def identifier(self) -> str | None:
        """Return the identifier of the resource, or None if there is none."""
        return self._outcome.identifier if isinstance(self._outcome, Resource) else None

    @cached_property
    def _outcome(self) -> Resource | tuple[Exception, TracebackType | None]:
        try:
            return find_target(self._request, self.name, self.site)
        except Exception as error:  # noqa: BLE001
            return error, error.__traceback__


def is_from_any_host(identifier: str) -> bool:
    """Return whether this may be a resource only because a client sent its host in `Host`."""
    if conf.MCP_ISSUER is not None or "*" not in allowed_hosts() or callable(conf.MCP_RESOURCE):
        return False
    return identifier != conf.MCP_RESOURCE and not resource_index().identified(identifier, "")


def _requested(site: Site, request: HttpRequest) -> Resource | None:
    """Return the resource at the path of a request, or else the default one, disabled or not."""
    path = without_final_slash(request.path)
    enabled = find_at(site, path, request.META.get("QUERY_STRING", ""))
    if enabled is not None:
        return enabled
    resource = site.listing.disabled_at(path) or site.default_resource
    if resource is None and site.listing.index.at_path(path):
        # Another host has a resource at this path, and a client may send any host.
        raise Http404("There is no such resource.")
    return resource


def find_at(site: Site, path: str, query: str) -> Resource | None:
    """Return the enabled resource whose metadata is at a percent-decoded path and raw query.

    The host decides only if several resources share a path, so a proxy may rewrite `Host`.
    A query selects too (RFC 9728 §3.1). The resource without a query gets all other queries.
    """
    return site.look_up(lambda listing: listing.at(path, query, lambda: site.host), path)


def find_all_at(site: Site, path: str) -> list[Resource]:
    """Return all resources at a percent-decoded path, whatever their host and query are."""
    return site.look_up(lambda listing: listing.at_path(path), path)


def find_named(site: Site, name: object) -> Resource | None:
    """Return the resource of this name, as `find_target` understands it, disabled or not."""
    # The text of a string that is a member of an enumeration may be the name of the member.
    text = str.__str__(name) if isinstance(name, str) else str(name)
    return site.look_up(lambda listing: listing.named(text), text)


def _unknown(site: Site, request: HttpRequest, name: object) -> UnknownResource:
    configured = site.listing.summary()
    if name is None:
        problem = f"No resource is at {shown(request.path)}, and there is no default resource."
        hint = f"Pass resource=, one of {configured}, or set MCP_RESOURCE."
    else:
        problem = f"{shown(name)} is not a resource of this site, which has {configured}."
        hint = f"Pass one of these, or configure it: MCP_RESOURCES = {{{shown(name)}: {{}}}}."
    return UnknownResource("MCP_RESOURCES", problem, hint)
