"""`ApiKey`, for keys that this site has given to programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from mcp_oauth_discovery.signing import InvalidToken, NotMine

Claims = Mapping[str, Any]


class ApiKey:
    """Recognise a token by its prefix, and look it up.

    `lookup(request, key)` gets the whole token, prefix included. It returns the claims, or None
    for an unknown key; it may be a coroutine function. Without a prefix every token is
    recognised, so write this verifier last in a list.
    """

    def __init__(self, lookup: Callable[[HttpRequest, str], Any], prefix: str = "") -> None:
        self.lookup = lookup
        self.prefix = prefix

    @sensitive_variables()
    def __call__(self, request: HttpRequest, token: str, resource: str) -> Claims:
        """Return the claims of a key; raises `NotMine` and `InvalidToken`."""
        if not token.startswith(self.prefix):
            raise NotMine
        lookup = async_to_sync(self.lookup) if iscoroutinefunction(self.lookup) else self.lookup
        claims: Claims | None = lookup(request, token)
        if claims is None:
            raise InvalidToken("The API key is unknown", reason="unknown_key")
        return claims
