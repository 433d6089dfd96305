"""The rules for a JWT, one function each: it returns nothing, or raises `InvalidToken`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from mcp_oauth_discovery.signing.refusals import InvalidToken
from mcp_oauth_discovery.standards.marking import gettext_noop as _

# Every `reason` of the rules, and of `verify_jwt`, in the order in which they are applied.
REASONS = (
    "malformed",
    "header_not_allowed",
    "wrong_type",
    "unknown_key",
    "bad_signature",
    "wrong_issuer",
    "wrong_audience",
    "expired",
    "not_yet_valid",
    "bad_claim",
)

# In seconds, for `exp` and `nbf`, if the caller names none: clocks differ.
LEEWAY = 60

# The texts are in English for clients. The doctor translates them.
_MALFORMED = _("The token is malformed")
_NO_NUMBER = {"exp": _("The token has no valid exp"), "nbf": _("The token has no valid nbf")}

# Members of a JOSE header that supply the key (RFC 8725 §3.10), or require an unknown extension
# (RFC 7515 §4.1.11).
_UNWANTED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})


def extract(token: str, registry: jws.JWSRegistry) -> jws.CompactSignature:
    """Return the parts of a token, whose header is a JSON object; nothing is verified yet."""
    try:
        signed = jws.extract_compact(token.encode(), registry=registry)
    except (JoseError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InvalidToken(_MALFORMED, reason="malformed") from error
    header: object = signed.headers()
    if not isinstance(header, dict):
        raise InvalidToken(_MALFORMED, reason="malformed")
    return signed


def claimed_issuer(signed: jws.CompactSignature) -> object:
    """Return the `iss` that a token claims to have; nothing is verified yet.

    It decides whose rules the token must pass, and never that it passes.
    """
    try:
        claims = json.loads(signed.payload.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidToken(_MALFORMED, reason="malformed") from error
    return claims.get("iss") if isinstance(claims, dict) else None


def check_header(header: Mapping[str, Any]) -> None:
    """Refuse a header that supplies its own key, or requires an extension."""
    if not _UNWANTED_HEADERS.isdisjoint(header):
        text = _("The token has a header that is not allowed")
        # The names alone: a `jwk` may be long, and even private.
        names = sorted(_UNWANTED_HEADERS.intersection(header))
        raise InvalidToken(text, reason="header_not_allowed", received={"header": names})


def check_type(header: Mapping[str, Any], *types: str, is_required: bool = True) -> None:
    """Refuse a `typ` that is none of the types; if it is not required, it may be left out."""
    if not is_required and "typ" not in header:
        return
    media_type = header.get("typ")
    if isinstance(media_type, str):
        written = media_type.lower()
        for typ in types:
            # RFC 7515 §4.1.9: a media type may be written without `application/`.
            if written in (typ.lower(), f"application/{typ.lower()}"):
                return
    raise InvalidToken(
        _("The token is of another type"),
        reason="wrong_type",
        expected={"typ": " or ".join(types)},
        received=_received(header, "typ"),
    )


def refuse_key(header: Mapping[str, Any]) -> NoReturn:
    """Refuse a token whose `kid` names no key that verifies it."""
    text = _("The token was signed by an unknown key")
    received = _received(header, "kid", "alg")
    raise InvalidToken(text, reason="unknown_key", received=received)


def verified_claims(
    signed: jws.CompactSignature, key: Key, algorithm: str, registry: jws.JWSRegistry
) -> dict[str, Any]:
    """Return the claims if the key has signed them; the registry allows its algorithm only."""
    problem = None
    try:
        if jws.validate_compact(signed, key, registry=registry):
            claims = json.loads(signed.payload.decode())
            if isinstance(claims, dict):
                return claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        problem = error
    raise InvalidToken(
        _("The signature of the token is invalid"),
        reason="bad_signature",
        expected={"alg": algorithm},
        received=_received(signed.headers(), "kid", "alg"),
    ) from problem


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """Refuse an `iss` that is not exactly the issuer."""
    if claims.get("iss") != issuer:
        raise InvalidToken(
            _("The token has another issuer"),
            reason="wrong_issuer",
            expected={"iss": issuer},
            received=_received(claims, "iss"),
        )


def check_audience(claims: Mapping[str, Any], *accepted: str) -> None:
    """Refuse an `aud` that is neither exactly an accepted audience nor a list with one."""
    audiences = claims.get("aud", [])
    named = audiences if isinstance(audiences, list) else [audiences]
    for audience in accepted:
        if audience in named:
            return
    raise InvalidToken(
        _("The token is not valid for this resource"),
        reason="wrong_audience",
        expected={"aud": " or ".join(accepted)},
        received=_received(claims, "aud"),
    )


def check_expiry(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    """Refuse a token that has expired, or does not say when it expires."""
    if now - leeway >= _number(claims, "exp"):
        raise InvalidToken(
            _("The token has expired"),
            reason="expired",
            expected={"exp": f"after {now - leeway:.0f}"},
            received=_received(claims, "exp"),
        )


def check_start(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    """Refuse a token whose `nbf` is in the future; it may be left out."""
    if "nbf" in claims and now + leeway < _number(claims, "nbf"):
        raise InvalidToken(
            _("The token is not valid yet"),
            reason="not_yet_valid",
            expected={"nbf": f"up to {now + leeway:.0f}"},
            received=_received(claims, "nbf"),
        )


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # Python accepts NaN and Infinity, which are not JSON. A token with one would never expire.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidToken(
        _NO_NUMBER[name],
        reason="bad_claim",
        expected={name: "a number"},
        received=_received(claims, name),
    )


def _received(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: members[name] for name in names if name in members}
