"""The documents as this host serves them now, asked for in process and by nobody in particular."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import ResolverMatch, get_script_prefix
from django.utils import translation

from mcp_oauth_discovery.checks.routes import is_discovery, match_at
from mcp_oauth_discovery.conf import default_language, root_urlconf
from mcp_oauth_discovery.discovery.documents import announces_keys, jwks_uri
from mcp_oauth_discovery.identity import Site
from mcp_oauth_discovery.signing.readings import undisturbed
from mcp_oauth_discovery.standards.identifiers import split
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    PROTECTED_RESOURCE,
    insert_well_known,
)

T = TypeVar("T")

_RESOURCE = "Protected resource metadata"
_SERVER = "Authorization server metadata"
_KEYS = "JWK Set"

# What this visitor has sent, and a client that asks for a document does not send.
_OWN = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_IF_", "HTTP_RANGE")


class Served(NamedTuple):
    """One document: where it is, how it was answered, its text, and what is wrong with it."""

    title: str
    url: str
    status: str = ""
    text: str = ""
    problem: str = ""
    is_fault: bool = False


def served_documents(request: HttpRequest) -> list[Served]:
    """Return the documents of the site that a request sees; nothing that fails is raised."""
    site = Site(request)
    return [
        *_at_urls(_RESOURCE, request, lambda: _resource_urls(site)),
        *_at_urls(_SERVER, request, lambda: [_server_url(site)]),
        *_at_urls(_KEYS, request, lambda: [jwks_uri(site)]),
    ]


def attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """Return what is made, and what the exception says, or its name, where that cannot be done.

    Settings may be callables and views may be the project's own: they may raise anything.
    """
    try:
        with undisturbed():
            return make(), ""
    except Exception as error:  # noqa: BLE001
        return None, str(error) or type(error).__name__


def _resource_urls(site: Site) -> list[str]:
    enabled = [one.identifier for one in site.resources if one.enabled]
    return [insert_well_known(identifier, PROTECTED_RESOURCE) for identifier in enabled]


def _server_url(site: Site) -> str:
    return insert_well_known(site.issuer, AUTHORIZATION_SERVER)


def _at_urls(title: str, request: HttpRequest, urls: Callable[[], list[str]]) -> Iterator[Served]:
    found, problem = attempt(urls)
    if found is None:
        yield Served(title, "", problem=problem, is_fault=True)
    for url in found or ():
        served, problem = attempt(partial(_served, title, url, request))
        yield served or Served(title, url, problem=problem, is_fault=True)


def _served(title: str, url: str, request: HttpRequest) -> Served:
    parts = split(url)
    path, prefix = unquote(parts.path), get_script_prefix()
    path_info = path[len(prefix) - 1 :] if path.startswith(prefix) else path
    with translation.override(default_language()):
        match = match_at(path_info, getattr(request, "urlconf", None) or root_urlconf())
        if match is None or not is_discovery(match.func):
            return Served(title, url, problem=_not_ours(match), is_fault=True)
        stranger = _stranger(request, path, path_info, parts.query[1:])
        stranger.resolver_match = match
        response = match.func(stranger, *match.args, **match.kwargs)
        answered = f"{response.status_code} {response.reason_phrase}"
        status = ", ".join(filter(None, (answered, response.headers.get("Cache-Control"))))
        if response.status_code == HTTPStatus.OK:
            return Served(title, url, status, _text(response))
        if response.status_code == HTTPStatus.NOT_FOUND and _is_optional(title, request):
            return Served(title, url, status, problem=_OPTIONAL[title])
        return Served(title, url, status, problem=_cause(match, stranger), is_fault=True)


_OPTIONAL = {
    _SERVER: (
        "There is none, and none is needed: MCP_AUTHORIZATION_SERVERS names other servers than "
        "this site."
    ),
    _KEYS: "There is none, and none is needed: this site announces no keys, and has none.",
}


def _is_optional(title: str, request: HttpRequest) -> bool:
    """Say whether this site works without a document."""
    return title == _SERVER or (title == _KEYS and not announces_keys(Site(request)))


def _not_ours(match: ResolverMatch | None) -> str:
    hint = 'Write path("", include("mcp_oauth_discovery.urls")) first in ROOT_URLCONF.'
    if match is None:
        return f"Nobody answers here. {hint}"
    return f"Another view answers here: {match._func_path}. {hint}"  # noqa: SLF001


def _stranger(request: HttpRequest, path: str, path_info: str, query: str) -> HttpRequest:
    """Return a GET for a path by somebody who is not logged in, through the same host and proxy."""
    stranger = request.__class__.__new__(request.__class__)
    # `copy` would leave out what cannot be pickled, which says whether this is https.
    vars(stranger).update(vars(request))
    for made_of_the_request in ("headers", "accepted_types", "_messages", "auser"):
        vars(stranger).pop(made_of_the_request, None)
    sent = {name: value for name, value in request.META.items() if not name.startswith(_OWN)}
    stranger.META = {**sent, "REQUEST_METHOD": "GET", "PATH_INFO": path_info, "QUERY_STRING": query}
    stranger.method, stranger.path, stranger.path_info = "GET", path, path_info
    stranger.GET = QueryDict(query)
    stranger.COOKIES = {}
    stranger.user = AnonymousUser()
    stranger.session = type(request.session)()
    return stranger


def _text(response: HttpResponse) -> str:
    return json.dumps(json.loads(response.content), indent=2, ensure_ascii=False)


def _cause(match: ResolverMatch, request: HttpRequest) -> str:
    """Return why a view has answered with an error, which its answer does not tell."""
    view = match.func.view_class(**match.func.view_initkwargs)  # type: ignore[attr-defined]
    view.setup(request, *match.args, **match.kwargs)
    _, problem = attempt(partial(view.get, request, *match.args, **match.kwargs))
    return problem or "The log has the reason: document.failed."
