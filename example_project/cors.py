"""The MCP servers are open to scripts of all origins; the rest of the site allows one origin."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest

# MCP clients in a browser may have any origin. These URLs take a token and no cookie, so a page
# gets no access there that its user has not given to it.
_OPEN = re.compile(r"/(reports/)?mcp\Z")


def is_for_mcp_clients(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    """Have django-cors-headers allow a request from an origin that is not in its settings."""
    return _OPEN.match(request.path) is not None
