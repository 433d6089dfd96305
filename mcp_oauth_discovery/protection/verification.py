"""Asks the verifiers of a protection about a token, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Any

from asgiref.sync import async_to_sync
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from mcp_oauth_discovery.identity.lookup import Lookup
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection.tokens import Claims
from mcp_oauth_discovery.signing import InvalidToken, NotMine
from mcp_oauth_discovery.standards.marking import gettext_noop as _

# Returns the claims of a token, or an awaitable of them; takes the request, the token, and the
# identifier of the resource.
Verifier = Callable[[HttpRequest, str, str], Claims | Awaitable[Claims]]


def checked_verifiers(verify: Verifier | Sequence[Verifier]) -> Verifier | tuple[Verifier, ...]:
    """Return a verifier, or the tuple of several; raises `TypeError` for anything else."""
    if callable(verify):
        return verify
    verifiers = tuple(verify) if isinstance(verify, (list, tuple)) else ()
    if not verifiers or not all(map(callable, verifiers)):
        raise TypeError(f"verify is {verify!r}; expected a verifier, or a list of them.")
    return verifiers


@sensitive
def verified_claims(
    verify: Verifier | Sequence[Verifier],
    request: HttpRequest,
    token: str,
    resource: str,
    *,
    may_be_bound: bool = False,
) -> Claims:
    """Return the claims of a token, from the first verifier that recognises it.

    Raises `InvalidToken` if none does. Also raises it for a token that is bound to a key, unless
    `may_be_bound` is true: then the caller checks that the client has this key.
    """
    refusal = NotMine()
    for verifier in (verify,) if callable(verify) else verify:
        try:
            claims: Any = verifier(request, token, resource)
            if isawaitable(claims):
                claims = async_to_sync(_finish)(claims)
        except NotMine as error:
            # The log has the `iss` of the token, if a verifier has read it.
            refusal = refusal if refusal.received else error
        else:
            return _checked_claims(claims, may_be_bound)
    raise refusal


def audience(lookup: Lookup) -> str:
    """Return the identifier of the resource that a token must be for; raises `InvalidToken`."""
    try:
        return lookup.find().identifier
    except SuspiciousOperation as error:
        text = "The token is not valid for this resource"
        raise InvalidToken(text, reason="wrong_audience") from error


async def _finish(claims: Awaitable[Claims]) -> Claims:
    return await claims


def _checked_claims(claims: object, may_be_bound: bool) -> Claims:
    if claims is None:
        # A function that looks tokens up, and finds none.
        raise InvalidToken(_("The token is invalid"))
    if not isinstance(claims, Mapping):
        raise TypeError(f"verify returned {type(claims).__name__}; expected a dict of claims.")
    if "cnf" in claims and not may_be_bound:
        # RFC 7800 §3.1: only the holder of a key may use it. RFC 9449 §7.2: an endpoint that
        # also accepts bearer tokens must not accept it as one.
        text = _("The token can only be used with a proof of possession")
        raise InvalidToken(text, reason="sender_constrained")
    return claims
