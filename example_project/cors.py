"""What scripts of every origin may call, on a site that is otherwise open to one."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest

# MCP clients that run in a browser come from any origin. These URLs take a token and no cookie, so
# that a page gets nothing there that its visitor has not given it.
_OPEN = re.compile(r"/(mcp|reports/mcp|o/(token|revoke_token|register)/.*)\Z")


def is_for_mcp_clients(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    """Let django-cors-headers allow a request from an origin that is not in its settings."""
    return _OPEN.match(request.path) is not None
