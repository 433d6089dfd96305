"""The ASGI application of a site."""

from __future__ import annotations

from django.conf import settings
from django.core.asgi import get_asgi_application

application = get_asgi_application()
if settings.SITE == "entry":
    from mcp_oauth_discovery.server import discovery_asgi

    application = discovery_asgi(application)
