"""What a protection offers beside bearer tokens, or alone: tokens with a proof (RFC 9449)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from mcp_oauth_discovery.standards.authorization import BEARER, DPOP, Scheme
from mcp_oauth_discovery.standards.www_authenticate import Challenge

# RFC 9449 §9.1: the nonce for the next proof. Scripts must be able to read it.
NONCE_HEADER = "DPoP-Nonce"
# Attributes of the request, so that the answers of its view offer the same.
_OFFER, _NONCE = "_mcp_dpop", "_mcp_dpop_nonce"


@dataclass(frozen=True)
class Offer:
    """The algorithms of proofs, and whether bearer tokens are refused."""

    algorithms: Sequence[str]
    is_required: bool


def set_offer(request: HttpRequest, offer: Offer | None) -> None:
    """Have all further challenges of a request offer this, or only bearer tokens."""
    vars(request).pop(_OFFER, None)
    if offer is not None:
        vars(request)[_OFFER] = offer


def offer_of(request: HttpRequest) -> Offer | None:
    """Return what the protection of a request offers, or None for only bearer tokens."""
    # The request of REST framework also has the attributes of Django's.
    offer: Offer | None = getattr(request, _OFFER, None)
    return offer


def send_nonce(request: HttpRequest, nonce: str) -> None:
    """Have the refusal of a request give the client the nonce for its next proof."""
    vars(request)[_NONCE] = nonce


def read_schemes(request: HttpRequest) -> tuple[Scheme, ...]:
    """Return the schemes of the tokens that the protection of a request reads."""
    return (BEARER,) if offer_of(request) is None else (BEARER, DPOP)


def challenged_schemes(request: HttpRequest) -> tuple[Scheme, ...]:
    """Return the schemes of the challenges in order: some clients read only the first."""
    offer = offer_of(request)
    return (DPOP,) if offer is not None and offer.is_required else read_schemes(request)


def challenge_of(request: HttpRequest, scheme: Scheme, parameters: dict[str, str]) -> Challenge:
    """Return the challenge of a scheme; that of DPoP names the algorithms too (RFC 9449 §7.1)."""
    offer = offer_of(request)
    if scheme is DPOP and offer is not None:
        parameters = {"algs": " ".join(offer.algorithms), **parameters}
    return Challenge(scheme.name, parameters)


def headers_of_refusal(request: HttpRequest) -> dict[str, str]:
    """Return the header with the nonce, if the refusal of a request gives one."""
    nonce: str | None = getattr(request, _NONCE, None)
    return {} if nonce is None else {NONCE_HEADER: nonce}


def exposed_headers(request: HttpRequest) -> tuple[str, ...]:
    """Return the headers of a refusal that scripts must be able to read."""
    nonce = () if offer_of(request) is None else (NONCE_HEADER,)
    return ("WWW-Authenticate", *nonce)
