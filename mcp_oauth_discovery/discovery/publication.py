"""The publication: the documents that do not depend on the request, built once and kept.

A document is kept while the settings equal those that it was built from. Its keys must also be of
the latest reading of the key store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.urls.resolvers import LocalePrefixPattern, URLResolver

from mcp_oauth_discovery.conf import (
    Misconfigured,
    conf,
    fingerprint_of,
    fixed_script_prefix,
    root_urlconf,
)
from mcp_oauth_discovery.discovery.kept import Kept, Place, own_settings
from mcp_oauth_discovery.discovery.responses import Answer
from mcp_oauth_discovery.identity import Resource
from mcp_oauth_discovery.identity.index import ResourceIndex, resource_index
from mcp_oauth_discovery.signing.published import Copy, ShownKeys, published_keys
from mcp_oauth_discovery.standards.identifiers import WELL_KNOWN
from mcp_oauth_discovery.standards.server_cards import CARD, CATALOG
from mcp_oauth_discovery.standards.well_known import JWKS, PROTECTED_RESOURCE

# The settings that a document can show, without those that only some documents show.
# `MCP_RESOURCES` has an index of its own.
_SETTINGS = (
    "MCP_ISSUER",
    "MCP_RESOURCE",
    "MCP_RESOURCE_METADATA",
    "MCP_AUTHORIZATION_SERVERS",
    "MCP_AUTHORIZATION_SERVER_METADATA",
    "MCP_SIGNING_ALGORITHMS",
    "MCP_SIGNED_METADATA",
    "MCP_METADATA_MAX_AGE",
    "MCP_JWKS_MAX_AGE",
    "LANGUAGE_CODE",
    "FORCE_SCRIPT_NAME",
    "ROOT_URLCONF",
    # These do not change a document, but decide which hosts are allowed.
    "ALLOWED_HOSTS",
    "DEBUG",
    "USE_X_FORWARDED_HOST",
)

_KINDS_WITH_RESOURCES = (PROTECTED_RESOURCE, CARD, CATALOG)

# How many allowed hosts are remembered. With a wildcard, clients can send any number of them.
_MOST_HOSTS = 64


class Publication:
    """The documents for one value of the settings. Each is added when it is first requested.

    Their number has a limit, however many requests there are: one for each document of the site.
    """

    def __init__(self, settings: bytes, resolver: URLResolver) -> None:
        self.settings = settings
        self._resolver = resolver
        self._kept: dict[Place, Kept] = {}
        # How the URLconf routes the paths of these documents.
        self._routes: dict[str, tuple[ResolverMatch, Place]] = {}
        self._resources: ResourceIndex | None = None
        self._hosts: set[tuple[str | None, str | None]] = set()
        self.script_name = fixed_script_prefix()[:-1]
        # Only such a pattern lets the language of a request choose the view.
        self._is_routed_by_language = any(
            isinstance(pattern.pattern, LocalePrefixPattern)
            and not pattern.pattern.prefix_default_language
            for pattern in resolver.url_patterns
        )

    def is_of(self, settings: bytes | None) -> bool:
        """Return whether the documents belong to these settings and to the present URLconf."""
        return self.settings == settings and self._resolver is get_resolver(None)

    def answer(
        self, place: Place, warm_copy: Callable[[], Copy | None] = published_keys.warm
    ) -> Answer | None:
        """Return the document at a place, if it is kept and still right.

        `warm_copy` returns the keys of this moment, or None if they would have to be read first.
        """
        kept = self._kept.get(place)
        try:
            if kept is None or kept.own_settings != own_settings(place):
                return None
            return kept.answer if kept.is_current(warm_copy) else None
        except Exception:  # noqa: BLE001
            # The view is asked next, and reports it.
            return None

    def still_has(self, place: Place) -> bool:
        """Return whether the settings still have a document at a place, whatever its keys are."""
        kept = self._kept.get(place)
        return kept is not None and kept.own_settings == own_settings(place)

    def route(self, path_info: str) -> tuple[ResolverMatch, Place] | None:
        """Return the view and the place of a kept document, by the path of its URL."""
        return self._routes.get(path_info)

    def allows_host(self, request: HttpRequest) -> bool:
        """Return whether Django accepts the host of a request."""
        host = request.META.get("HTTP_HOST"), request.META.get("HTTP_X_FORWARDED_HOST")
        if host in self._hosts:
            return True
        try:
            request.get_host()
        except Exception:  # noqa: BLE001
            # The view is asked next, and refuses the host or reports a wrong setting.
            return False
        if host[0] is not None and len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(host)
        return True

    def keep(self, place: Place, kept: Kept) -> None:
        """Keep a document until the settings, the keys or the resources change."""
        resources = kept.resources
        if resources is not None and resources is not self._resources:
            # Drop the documents of the former resources: some of these may be gone.
            self._resources = resources
            self._routes.clear()
            # A copy, which is made in one step: other threads add documents. A list of the items is
            # not, because a garbage collection in the middle may let another thread run.
            for at, other in self._kept.copy().items():
                if other.resources is not None:
                    self._kept.pop(at, None)
        self._kept[place] = kept

    def keep_route(self, place: Place, path_info: str, match: ResolverMatch) -> None:
        """Keep how the URLconf routes the path of a kept document."""
        is_usual = path_info.startswith(WELL_KNOWN) or place.kind == CARD
        is_plain = is_usual and not self._is_routed_by_language
        # A document has few URLs, but patterns of a project can give it any number.
        if is_plain and len(self._routes) < 2 * len(self._kept):
            self._routes[path_info] = match, place


_present: Publication | None = None


def present_publication() -> Publication | None:
    """Return the publication of the present settings.

    It is None if the settings cannot be compared, or if this process has no URLconf.
    """
    global _present
    # Read the variable once: another thread may replace it.
    settings, present = fingerprint_of(_SETTINGS), _present
    if present is not None and present.is_of(settings):
        return present
    if settings is None or root_urlconf() is None:
        return None
    _present = present = Publication(settings, get_resolver(None))
    return present


class Draft(NamedTuple):
    """A document before it is built: which one, and the settings and resources of this moment."""

    publication: Publication
    place: Place
    own_settings: bytes
    resources: ResourceIndex | None
    now: datetime

    def keep(
        self,
        request: HttpRequest,
        answer: Answer,
        keys: ShownKeys,
        *,
        max_age: int,
        resource: Resource | None,
    ) -> None:
        """Keep the finished document, unless keys could not be read or a setting has changed."""
        if keys.is_unread or present_publication() is not self.publication:
            return
        if self.resources is not None and self.resources is not resource_index():
            return
        if self.own_settings != own_settings(self.place):
            return
        copy = keys.copy
        # Only the JWK Set has a shorter max-age before a key leaves it.
        shrinking = max_age if self.place.kind == JWKS else 0
        until = copy.next_change(self.now, shrinking) if copy else None
        kept = Kept(answer, copy, self.now, until, self.resources, resource, self.own_settings)
        self.publication.keep(self.place, kept)
        match = request.resolver_match
        if match is not None and is_undecorated(match.func):
            self.publication.keep_route(self.place, request.path_info, match)


def mark_undecorated(view: Callable[..., Any]) -> None:
    """Let `is_undecorated` recognise a view."""
    vars(view)["undecorated"] = view


def is_undecorated(view: Callable[..., Any]) -> bool:
    """Return whether a view of this app is in the URLconf itself, not inside of another one.

    A decorator of the project may refuse the request or change the response.
    """
    # Decorators copy the attributes of a view, but then the value is not the decorated view.
    return getattr(view, "undecorated", None) is view


def begin(request: HttpRequest, place: Place, now: datetime) -> Draft | None:
    """Return the draft of a document as it is at `now`, or None if it must not be kept."""
    publication = _usable_publication(request)
    if publication is None:
        return None
    try:
        resources = resource_index() if place.kind in _KINDS_WITH_RESOURCES else None
    except Misconfigured:
        # The document is built next, and reports it.
        return None
    own = own_settings(place)
    return None if own is None else Draft(publication, place, own, resources, now)


def ready_answer(request: HttpRequest, place: Place) -> Answer | None:
    """Return a document that is kept and may be sent to this request, or None."""
    publication = _usable_publication(request)
    if publication is None or not publication.allows_host(request):
        return None
    return publication.answer(place)


def ready_at_path(
    request: HttpRequest, warm_copy: Callable[[], Copy | None] = published_keys.warm
) -> tuple[ResolverMatch, Answer] | None:
    """Return the view at the path of a request, and its document, if that is kept."""
    publication = _usable_publication(request)
    route = publication and publication.route(request.path_info)
    if not (publication and route and publication.allows_host(request)):
        return None
    match, place = route
    answer = publication.answer(place, warm_copy)
    return None if answer is None else (match, answer)


def _usable_publication(request: HttpRequest) -> Publication | None:
    """Return the present publication, unless the request may choose or change the document."""
    if request.method not in ("GET", "HEAD"):
        return None
    # A query may choose the resource. A URLconf or SCRIPT_NAME of the request changes URLs.
    if request.META.get("QUERY_STRING") or getattr(request, "urlconf", None) is not None:
        return None
    publication = present_publication()
    script_name = request.META.get("SCRIPT_NAME", "").rstrip("/")
    return publication if publication and script_name == publication.script_name else None


def keys_of_every_request() -> Copy | None:
    """Return the keys, if they are warm and no middleware can make them depend on the request."""
    return published_keys.shared() if isinstance(conf.MCP_ISSUER, str) else None
