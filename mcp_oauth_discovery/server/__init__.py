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
    """Return a WSGI application that sends the documents before Django's handler runs.

    It answers GET, HEAD and OPTIONS for the documents of a pinned site as the views do. All other
    requests reach `application` unchanged. Pass the result of `get_wsgi_application()`.
    """
    wrapped: WSGIApplication = import_module(_ENTRIES).WSGIEntry(application)
    return wrapped


def discovery_asgi(application: ASGIApplication) -> ASGIApplication:
    """Return an ASGI application that sends the documents before Django's handler runs.

    It does what `discovery_wsgi` does, and does not need the threads that run Django's views. Pass
    the result of `get_asgi_application()`.
    """
    wrapped: ASGIApplication = import_module(_ENTRIES).ASGIEntry(application)
    return wrapped
