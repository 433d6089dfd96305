"""The views of the documents. Projects may subclass them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.db import connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from django.utils import timezone
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from mcp_oauth_discovery.conf import conf
from mcp_oauth_discovery.discovery import cards, documents, publication, settings
from mcp_oauth_discovery.discovery.card_entries import endpoint_path
from mcp_oauth_discovery.discovery.kept import Place
from mcp_oauth_discovery.discovery.responses import (
    JSON,
    Answer,
    error_response,
    preflight_response,
)
from mcp_oauth_discovery.identity import Resource, Site
from mcp_oauth_discovery.identity.lookup import find_at
from mcp_oauth_discovery.keys.database_errors import remedy
from mcp_oauth_discovery.logs.lines import logger, one_line, tracebacks
from mcp_oauth_discovery.logs.redaction import hide_credentials, log_refusal
from mcp_oauth_discovery.signing.published import ShownKeys
from mcp_oauth_discovery.standards.identifiers import without_final_slash
from mcp_oauth_discovery.standards.metadata import Document
from mcp_oauth_discovery.standards.server_cards import CARD, CARD_TYPE, CATALOG, CATALOG_TYPE
from mcp_oauth_discovery.standards.well_known import (
    AUTHORIZATION_SERVER,
    JWKS,
    PROTECTED_RESOURCE,
)

__all__ = [
    "AuthorizationServerMetadataView",
    "CatalogView",
    "DiscoveryView",
    "JWKSView",
    "ProtectedResourceMetadataView",
    "ServerCardView",
]


class DiscoveryView(View):
    """Serve one JSON document to all clients, with CORS, caching and errors as JSON.

    A subclass defines `get_document`. `self.site` has the identifiers of the site.
    """

    http_method_names = ["get", "head", "options"]
    media_type = JSON
    site: Site

    def __init__(self, **initkwargs: Any) -> None:
        super().__init__(**initkwargs)
        # A class of the project may build another document each time. So may one of this app with
        # attributes that the project has passed to `as_view`.
        self._kept_kind: str | None = None if initkwargs else vars(type(self)).get("_kind")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view = login_not_required(csrf_exempt(super().as_view(**initkwargs)))
        # ATOMIC_REQUESTS would begin a transaction, and so answer 500 while a database is down.
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        kind = vars(cls).get("_kind")
        return view if kind is None or initkwargs else _ready_first(view, kind)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.site = Site(request)
        # The keys and their max-age must be of the same instant, and of the same copy.
        self.now = timezone.now()
        self.keys = ShownKeys()

    def get_document(self, request: HttpRequest, **kwargs: Any) -> Document:
        """Return the document, a dict that JSON can carry, or raise `Http404`."""
        raise NotImplementedError(f"{type(self).__name__} must define get_document()")

    def get_max_age(self) -> int:
        """Return for how many seconds a document may be cached, if its site is pinned."""
        return settings.metadata_max_age()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            request.get_host()
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]
        except Http404:
            return error_response(request, HTTPStatus.NOT_FOUND, "not_found")
        except SuspiciousOperation as error:
            log_refusal(request, error)
            return error_response(request, HTTPStatus.BAD_REQUEST, "invalid_request")
        except Exception as error:
            # Django's own 500 would have no CORS headers.
            hide_credentials(request)
            name = type(self).__name__
            extra = {
                "event": "document.failed",
                "status_code": 500,
                "request": request,
                "fault": error,
            }
            logger.error(
                "No document for %s: %s%s",
                name,
                one_line(error),
                remedy(error),
                exc_info=tracebacks.limited(error, name),
                extra=extra,
            )
            return error_response(request, HTTPStatus.INTERNAL_SERVER_ERROR, "server_error")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        path = kwargs.get("path")
        kind = self._kept_kind
        draft = publication.begin(request, Place.of(kind, path), self.now) if kind else None
        document: object = self.get_document(request, **kwargs)
        if not isinstance(document, dict):
            raise TypeError(f"get_document() returned {type(document).__name__}, not a dict")
        self.site.log_if_http(document)
        max_age = self.get_max_age()
        cached_for = max_age if self.site.is_pinned else None
        answer = Answer(document, max_age=cached_for, media_type=self.media_type)
        if draft and self.site.is_pinned:
            draft.keep(request, answer, self.keys, max_age=max_age, resource=self._resource(path))
        return answer.response(request)

    def _resource(self, path: str | None) -> Resource | None:
        """Return the resource that the document at a path describes, if it describes one."""
        return None

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return preflight_response(request)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return error_response(request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed")


class ProtectedResourceMetadataView(DiscoveryView):
    """Serve Protected Resource Metadata (RFC 9728)."""

    _kind = PROTECTED_RESOURCE

    def get_document(
        self, request: HttpRequest, path: str | None = None, **kwargs: Any
    ) -> Document:
        query = request.META.get("QUERY_STRING", "")
        at = _identifier_path(path)
        return _or_404(documents.protected_resource_metadata(self.site, at, query, self.keys))

    def _resource(self, path: str | None) -> Resource | None:
        return documents.described_resource(self.site, _identifier_path(path))


class AuthorizationServerMetadataView(DiscoveryView):
    """Serve Authorization Server Metadata (RFC 8414)."""

    _kind = AUTHORIZATION_SERVER

    def get_document(
        self, request: HttpRequest, path: str | None = None, **kwargs: Any
    ) -> Document:
        at = _identifier_path(path)
        return _or_404(documents.authorization_server_metadata(self.site, at, self.keys))


class JWKSView(DiscoveryView):
    """Serve the JWK Set (RFC 7517 §5)."""

    _kind = JWKS

    def get_document(self, request: HttpRequest, **kwargs: Any) -> Document:
        return _or_404(documents.published_jwk_set(self.site, self.now, self.keys))

    def get_max_age(self) -> int:
        return documents.jwks_max_age(self.now, self.keys)


class ServerCardView(DiscoveryView):
    """Serve the server card of an MCP endpoint (SEP-2127)."""

    _kind = CARD
    media_type = CARD_TYPE

    def get_document(
        self, request: HttpRequest, path: str | None = None, **kwargs: Any
    ) -> Document:
        query = request.META.get("QUERY_STRING", "")
        return _or_404(cards.server_card(self.site, endpoint_path(path), query))

    def _resource(self, path: str | None) -> Resource | None:
        return find_at(self.site, endpoint_path(path), "")


class CatalogView(DiscoveryView):
    """Serve the catalogue of all server cards of this site (AI Catalog)."""

    _kind = CATALOG
    media_type = CATALOG_TYPE

    def get_document(self, request: HttpRequest, **kwargs: Any) -> Document:
        return _or_404(cards.catalog(self.site))


def _ready_first(view: Callable[..., HttpResponseBase], kind: str) -> Callable[..., Any]:
    """Have a view send the document that is kept, if there is one."""

    @wraps(view)
    def ready_first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = publication.ready_answer(request, Place.of(kind, kwargs.get("path")))
        return view(request, *args, **kwargs) if answer is None else answer.response(request)

    publication.mark_undecorated(ready_first)
    return ready_first


def build_for_publication(request: HttpRequest) -> None:
    """Build the document at the path of a request, so that the publication can keep it.

    Do nothing if the document depends on the request, or if the project has a view of its own
    there. Raises what building it raises.
    """
    match = get_resolver(None).resolve(request.path_info)
    is_pinned = isinstance(conf.MCP_ISSUER, str) and not callable(conf.MCP_RESOURCE)
    if not (is_pinned and publication.is_undecorated(match.func)):
        return
    request.get_host()
    request.resolver_match = match
    view: DiscoveryView = vars(match.func)["view_class"]()
    view.setup(request, *match.args, **match.kwargs)
    view.get(request, *match.args, **match.kwargs)


def _identifier_path(captured: str | None) -> str | None:
    """Return the path of the identifier in a metadata URL, or None for the root."""
    return None if captured is None else without_final_slash(f"/{captured}")


def _or_404(document: Document | None) -> Document:
    if document is None:
        raise Http404
    return document
