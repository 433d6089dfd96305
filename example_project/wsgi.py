from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from mcp_oauth_discovery.server import discovery_wsgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

# The documents are answered before Django's handler and middleware.
application = discovery_wsgi(get_wsgi_application())
