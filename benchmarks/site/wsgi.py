"""The WSGI application of a site."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
if settings.SITE == "entry":
    from mcp_oauth_discovery.server import discovery_wsgi

    application = discovery_wsgi(application)
