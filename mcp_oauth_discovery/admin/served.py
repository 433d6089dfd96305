"""The documents as this host serves them now: requested in process, as an anonymous client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import unquote

from django.contrib.auth.models import AnonymousUser
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, QueryDict
from django.urls import ResolverMatch, get_script_prefix
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_oauth_discovery.admin.problems import unread
from mcp_oauth_discovery.checks.routes import is_discovery, match_at
from mcp_oauth_discovery.conf import default_language, root_urlconf
from mcp_oauth_discovery.discovery.card_entries import has_cards
from mcp_oauth_discovery.discovery.cards import configured_cards
from mcp_oauth_discovery.discovery.documents import announces_keys
from mcp_oauth_discovery.discovery.served import (
    CARD_TITLE,
    CATALOG_TITLE,
    KEYS_TITLE,
    RESOURCE_TITLE,
    SERVER_TITLE,
    Served,
    catalog_url,
    keys_url,
    resource_url,
    server_url,
)
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.signing.readings import KeysUnread
from mcp_oauth_discovery.standards.identifiers import split

T = TypeVar("T")

_ROUTE = gettext_lazy('Write path("", include("mcp_oauth_discovery.urls")) first in ROOT_URLCONF.')
_NOTES = {
    SERVER_TITLE: gettext_lazy(
        "Not needed: MCP_AUTHORIZATION_SERVERS names other authorization servers than this site."
    ),
    KEYS_TITLE: gettext_lazy("Not needed: this site announces no keys, and has none."),
    CATALOG_TITLE: gettext_lazy(
        "Not needed: no enabled resource has an entry in MCP_SERVER_CARDS."
    ),
}

# Headers of the visitor that a client does not send when it requests a document.
_PERSONAL = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_DPOP", "HTTP_IF_", "HTTP_RANGE")


def served_documents(request: HttpRequest) -> Iterator[Served]:
    """Yield the documents that this site serves to the host of a request, or their problems."""
    site = Site(request)
    places: dict[str, Callable[[], list[str]]] = {
        RESOURCE_TITLE: lambda: [resource_url(item) for item in site.resources if item.enabled],
        SERVER_TITLE: lambda: [server_url(site)],
        KEYS_TITLE: lambda: [keys_url(site)],
    }
    if attempt(has_cards)[0]:
        places[CARD_TITLE] = lambda: [entry.url for entry in configured_cards(site)]
        places[CATALOG_TITLE] = lambda: [catalog_url(site)]
    for title, list_urls in places.items():
        urls, problem = attempt(list_urls)
        if urls is None:
            yield Served(title, problem=problem)
        for url in urls or ():
            document, problem = attempt(partial(_request, title, url, request))
            yield document or Served(title, url, problem=problem)


def attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """Return a value and "", or None and the text of the exception that `make` raised.

    Settings may be callables and views may be the project's own, so they may raise anything.
    """
    try:
        with undisturbed():
            return make(), ""
    except Exception as error:  # noqa: BLE001
        cause = error.__cause__
        if isinstance(error, KeysUnread) and isinstance(cause, AnyDatabaseError):
            return None, unread(cause)
        return None, str(error) or type(error).__name__


def _request(title: str, url: str, request: HttpRequest) -> Served:
    """Return what a client gets at a URL of this site."""
    parts = split(url)
    path, prefix = unquote(parts.path), get_script_prefix()
    path_info = path[len(prefix) - 1 :] if path.startswith(prefix) else path
    # The problems are in the language of the reader, and the document in that of the site.
    in_its_language = partial(translation.override, default_language())
    with in_its_language():
        match = match_at(path_info, getattr(request, "urlconf", None) or root_urlconf())
    if match is None:
        problem = _("No view answers here.")
        return Served(title, url, problem=f"{problem} {_ROUTE}")
    if not is_discovery(match.func):
        problem = _("Another view answers here: %(view)s.") % {"view": match._func_path}  # noqa: SLF001
        return Served(title, url, problem=f"{problem} {_ROUTE}")
    client_request = _anonymous(request, path, path_info, parts.query[1:])
    client_request.resolver_match = match
    with in_its_language():
        response = match.func(client_request, *match.args, **match.kwargs)
    cache_control = response.headers.get("Cache-Control", "")
    served = partial(Served, title, url, response.status_code, cache_control)
    if response.status_code == HTTPStatus.OK:
        return served(json.loads(response.content))
    if response.status_code == HTTPStatus.NOT_FOUND and not _is_needed(title, Site(request)):
        return served(note=str(_NOTES[title]))
    with in_its_language():
        reason = _reason(match, client_request)
    return served(problem=reason or _("The log has the reason, in the event document.failed."))


def _is_needed(title: str, site: Site) -> bool:
    """Return whether a site without the document of this title has a fault."""
    if title == KEYS_TITLE:
        return announces_keys(site)
    if title == CATALOG_TITLE:
        return bool(configured_cards(site))
    return title != SERVER_TITLE


def _anonymous(request: HttpRequest, path: str, path_info: str, query: str) -> HttpRequest:
    """Return a GET for a path by an anonymous client, through the same host and proxy."""
    anonymous = copy(request)
    # `copy` leaves out the environment, which says whether this is https.
    vars(anonymous).update(vars(request))
    for made_of_the_request in ("headers", "accepted_types", "_messages", "auser"):
        vars(anonymous).pop(made_of_the_request, None)
    headers = {
        name: value for name, value in request.META.items() if not name.startswith(_PERSONAL)
    }
    own = {"REQUEST_METHOD": "GET", "PATH_INFO": path_info, "QUERY_STRING": query}
    anonymous.META = {**headers, **own}
    anonymous.method, anonymous.path, anonymous.path_info = "GET", path, path_info
    anonymous.GET, anonymous.COOKIES = QueryDict(query), {}
    anonymous.user = AnonymousUser()
    anonymous.session = type(request.session)()
    return anonymous


def _reason(match: ResolverMatch, request: HttpRequest) -> str:
    """Return why a view answered with an error, which the response does not say; "" if unknown."""
    view = match.func.view_class(**match.func.view_initkwargs)  # type: ignore[attr-defined]
    view.setup(request, *match.args, **match.kwargs)
    return attempt(partial(view.get, request, *match.args, **match.kwargs))[1]
