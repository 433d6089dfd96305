from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from mcp_oauth_discovery.server import discovery_asgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

# The documents are answered before Django's middleware, even while all its threads are busy.
application = discovery_asgi(get_asgi_application())
