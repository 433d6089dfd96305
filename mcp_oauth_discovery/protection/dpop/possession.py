"""Whether the client that sends a token has the key that the token is bound to (RFC 9449 §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from django.http import HttpRequest

from mcp_oauth_discovery.challenge.dpop import Offer, read_schemes, send_nonce, set_offer
from mcp_oauth_discovery.challenge.headers import credentials
from mcp_oauth_discovery.conf import conf, shown
from mcp_oauth_discovery.identity.index import resource_index
from mcp_oauth_discovery.logs.lines import logger
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection.dpop.proofs import (
    PROOF_ALGORITHMS,
    InvalidProof,
    NonceRequired,
    Proof,
    verify_proof,
)
from mcp_oauth_discovery.protection.tokens import Claims
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.standards.authorization import DPOP, Credentials, read_credentials
from mcp_oauth_discovery.standards.identifiers import origin, split, target

# What a protection does with DPoP: it accepts both schemes, or refuses bearer tokens.
DPoP = Literal["accept", "require"]

# RFC 3986 §3.3: what clients do not escape in a path. Django's function escapes ";" and "=" too.
_UNESCAPED = "/:@!$&'()*+,;="

_OFFERS = {
    "accept": Offer(PROOF_ALGORITHMS, is_required=False),
    "require": Offer(PROOF_ALGORITHMS, is_required=True),
}


def check_mode(dpop: object) -> None:
    """Raise `ValueError` for an argument `dpop` that is neither `DPoP` nor None."""
    if dpop is not None and dpop not in ("accept", "require"):
        raise ValueError(f'dpop is {dpop!r}; expected "accept" or "require".')


def offer(request: HttpRequest, dpop: DPoP | None) -> None:
    """Have all further challenges of a request offer what its protection accepts."""
    set_offer(request, None if dpop is None else _OFFERS[dpop])


@sensitive
def presented(request: HttpRequest, dpop: DPoP | None) -> Credentials | None:
    """Return the token of a request and its scheme, or None without a token.

    Raises `Malformed`, `Repeated`, and `InvalidToken` for a bearer token where DPoP is required.
    """
    offer(request, dpop)
    token = read_credentials(credentials(request), *read_schemes(request))
    if dpop == "require" and token is not None and token.scheme is not DPOP:
        text = "This server requires a token with a DPoP proof"
        raise InvalidToken(text, reason="dpop_required")
    return token


@sensitive
def prove(
    request: HttpRequest, presented: Credentials, claims: Claims, resource: str
) -> Proof | None:
    """Return the proof that the client has the key of the token, or None for a bearer token.

    Pass it to `use` when all else is valid. Raises `InvalidToken` if the token is not bound to the
    key of the proof, or if `resource` comes from the request. Raises `InvalidProof` for a missing
    or invalid proof.
    """
    if presented.scheme is not DPOP:
        return None
    thumbprint = bound_thumbprint(claims)
    if not _is_pinned(resource):
        raise _unpinned(resource)
    header = request.headers.get("DPoP", "")
    if not header:
        raise InvalidProof("The request has no DPoP proof", reason="no_proof")
    try:
        proof = verify_proof(
            header,
            method=str(request.method),
            url=expected_url(request, resource),
            token=presented.token,
        )
    except NonceRequired as error:
        send_nonce(request, error.nonce)
        raise
    if proof.thumbprint != thumbprint:
        text = "The token is bound to another key than that of the DPoP proof"
        expected, received = {"jkt": thumbprint}, {"jkt": proof.thumbprint}
        raise InvalidToken(text, reason="other_key", expected=expected, received=received)
    return proof


def use(request: HttpRequest, proof: Proof | None) -> None:
    """Use the proof of a request; raises what `Proof.use` raises.

    More than one protection may judge the same request, such as `protect` around a server of
    django-mcpz. They use its proof once.
    """
    used: set[Proof] = vars(request).setdefault("_mcp_proofs", set()) if proof else set()
    if proof is not None and proof not in used:
        proof.use()
        used.add(proof)


def expected_url(request: HttpRequest, resource: str) -> str:
    """Return the URL to which a client sends a request, without the `Host` header.

    It is the identifier of the resource if the path of the request is the end of its path, because
    a proxy may remove a prefix. Otherwise it is the path of the request on the same origin.
    """
    path = quote(request.path, safe=_UNESCAPED)
    if split(target(resource)).path.endswith(path):
        return resource
    return origin(resource) + path


def bound_thumbprint(claims: Claims) -> str:
    """Return the thumbprint of the key that a token is bound to (RFC 9449 §6.1).

    Raises `InvalidToken` if the token is not bound, or in another way as well.
    """
    confirmation: object = claims.get("cnf")
    if confirmation is None:
        # RFC 9449 §7.1: otherwise a client could add a proof of its own to a stolen token.
        raise InvalidToken("The token is not bound to a key of DPoP", reason="not_bound")
    thumbprint: object = confirmation.get("jkt") if isinstance(confirmation, Mapping) else None
    if not isinstance(confirmation, Mapping) or len(confirmation) > 1 or not thumbprint:
        text = "The token can only be used with another proof of possession"
        raise InvalidToken(text, reason="sender_constrained")
    return str(thumbprint)


def _is_pinned(resource: str) -> bool:
    """Return whether the identifier of a resource is in the settings.

    Otherwise a client would choose the origin in its proofs with its `Host` header.
    """
    issuer, default = conf.MCP_ISSUER, conf.MCP_RESOURCE
    base = split(issuer).origin if isinstance(issuer, str) else ""
    if resource == default or resource_index().identified(resource, base):
        return True
    return bool(base) and not callable(default)


def _unpinned(resource: str) -> InvalidToken:
    logger.error(
        "Tokens with a DPoP proof are refused, because the resource %s comes from the request. "
        'Set MCP_ISSUER to a string, such as "https://app.example.com", or write the identifier '
        "of the resource as a string in MCP_RESOURCE or MCP_RESOURCES.",
        shown(resource),
        extra={"event": "proofs.unverifiable", "resource": resource},
    )
    text = "This server cannot verify the DPoP proof"
    return InvalidToken(text, reason="unpinned_resource", received={"resource": resource})
