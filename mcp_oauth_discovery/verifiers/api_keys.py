"""`ApiKey`, for keys that this site has given to programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest

from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken, NotMine

Claims = Mapping[str, Any]
Lookup = Callable[[HttpRequest, str], Claims | Awaitable[Claims | None] | None]


class ApiKey:
    """Recognise a token by its prefix, and look it up.

    `lookup(request, key)` gets the whole token, prefix included. It returns the claims, or None
    for an unknown key; it may be a coroutine function. Without a prefix every token is
    recognised, so write this verifier last in a list.
    """

    def __init__(self, lookup: Lookup, prefix: str = "") -> None:
        self.lookup = lookup
        self.prefix = prefix

    @sensitive
    def __call__(self, request: HttpRequest, token: str, resource: str) -> Claims:
        """Return the claims of a key; raises `NotMine` and `InvalidToken`."""
        if not token.startswith(self.prefix):
            raise NotMine
        lookup: Any = self.lookup
        if iscoroutinefunction(lookup):
            lookup = async_to_sync(lookup)
        claims: Claims | None = lookup(request, token)
        if claims is None:
            raise InvalidToken("The API key is unknown", reason="unknown_key")
        return claims
