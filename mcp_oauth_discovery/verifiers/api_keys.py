"""`ApiKey`, for keys that this site has given to programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest

from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken, NotMine
from mcp_oauth_discovery.standards.marking import gettext_noop as _

Claims = Mapping[str, Any]
Lookup = Callable[[HttpRequest, str], Claims | Awaitable[Claims | None] | None]


class ApiKey:
    """Recognise a token by its prefix, and look it up.

    `lookup(request, key)` gets the whole token, prefix included. It returns the claims, or None
    for an unknown key; it may be a coroutine function. Without a prefix every token is
    recognised, so write this verifier last in a list. Raises `TypeError` for wrong arguments.
    """

    def __init__(self, lookup: Lookup, prefix: str = "") -> None:
        if not callable(lookup):
            raise TypeError(
                f"ApiKey: lookup is {lookup!r}; expected a function of request and key."
            )
        if not isinstance(prefix, str):
            raise TypeError(f"ApiKey: prefix is {prefix!r}; expected a string.")
        self.lookup = lookup
        self.prefix = prefix

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lookup!r}, {self.prefix!r})"

    @sensitive
    def __call__(self, request: HttpRequest, token: str, resource: str) -> Claims:
        """Return the claims of a key; raises `NotMine` and `InvalidToken`."""
        if not token.startswith(self.prefix):
            raise NotMine
        claims: Any = self.lookup(request, token)
        if isawaitable(claims):
            claims = async_to_sync(_result)(claims)
        if claims is None:
            raise InvalidToken(_("The API key is unknown"), reason="unknown_key")
        if not isinstance(claims, Mapping):
            # The value itself may be a secret.
            raise TypeError(
                f"The lookup of ApiKey returned {type(claims).__name__}. Return the claims of the "
                'key as a dict, such as {"sub": "7", "scope": "mcp"}, or None for an unknown key.'
            )
        return claims


async def _result(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
