"""`discovery_wsgi` and `discovery_asgi`: answer with the documents before Django does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_oauth_discovery.server.entries import ASGIApplication, WSGIApplication

__all__ = ["discovery_asgi", "discovery_wsgi"]

# `wsgi.py` imports this package before Django has loaded the apps, which the entries need.
_ENTRIES = "mcp_oauth_discovery.server.entries"


def discovery_wsgi(application: WSGIApplication) -> WSGIApplication:
    """Return the WSGI application of a project with the documents in front of it.

    It answers GET, HEAD and OPTIONS for documents of a pinned site as the views do, before Django's
    handler and middleware. All other requests reach `application` untouched. Call it after
    `get_wsgi_application()`.
    """
    wrapped: WSGIApplication = import_module(_ENTRIES).WSGIEntry(application)
    return wrapped


def discovery_asgi(application: ASGIApplication) -> ASGIApplication:
    """Return the ASGI application of a project with the documents in front of it.

    It does what `discovery_wsgi` does, without the threads that Django's views run in. Call it
    after `get_asgi_application()`.
    """
    wrapped: ASGIApplication = import_module(_ENTRIES).ASGIEntry(application)
    return wrapped
