"""`verify_jwt` for an MCP endpoint on the site that signed the token."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from joserfc import jws
from joserfc.errors import JoseError

from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.signing.jose import REGISTRIES, Registry, check_text
from mcp_oauth_discovery.signing.published import PublishedKey, published_keys
from mcp_oauth_discovery.signing.refusals import InvalidToken

# Members of a JOSE header that supply the key (RFC 8725 §3.10), or require an unknown extension
# (RFC 7515 §4.1.11).
_UNWANTED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})

# Reads tokens of every algorithm. Only the registry of the key's algorithm verifies one.
_ANY_ALGORITHM = Registry()

# In seconds. Clocks do not differ by more.
_MOST_LEEWAY = 3600


@sensitive_variables()
def verify_jwt(
    token: str,
    *,
    audience: str,
    typ: str = "at+jwt",
    leeway: float = 60,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the claims of a JWT that this site has signed for exactly this `audience`.

    `leeway` is in seconds, for `exp` and `nbf`. Raises `InvalidToken` for any other token, and
    `ImproperlyConfigured` if `MCP_ISSUER` is not a string. Arguments that would accept every token
    raise `TypeError` or `ValueError`, even for a good token.
    """
    check_text("audience", audience)
    check_text("typ", typ)
    if isinstance(leeway, bool) or not isinstance(leeway, (int, float)):
        raise TypeError(f"leeway is {leeway!r}; expected a number of seconds.")
    # With NaN, which is in no range, no token would ever expire.
    if not 0 <= leeway <= _MOST_LEEWAY:
        raise ValueError(f"leeway is {leeway!r}; expected 0 to {_MOST_LEEWAY} seconds.")
    now = now or timezone.now()
    issuer = pinned_issuer()
    signed = _extract(token)
    _check_header(signed.headers(), typ)
    decoded = _decode(signed, _find_key(signed.headers().get("kid"), now))
    if decoded.get("iss") != issuer:
        raise InvalidToken("The token has another issuer")
    audiences = decoded.get("aud", [])
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidToken("The token is not valid for this resource")
    _check_times(decoded, now.timestamp(), leeway)
    return decoded


def _extract(token: str) -> jws.CompactSignature:
    """Return the parts of a token, whose header is a JSON object; nothing is verified yet."""
    try:
        signed = jws.extract_compact(token.encode(), registry=_ANY_ALGORITHM)
    except (JoseError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InvalidToken("The token is malformed") from error
    header: object = signed.headers()
    if not isinstance(header, dict):
        raise InvalidToken("The token is malformed")
    return signed


def _check_header(header: Mapping[str, Any], typ: str) -> None:
    if not _UNWANTED_HEADERS.isdisjoint(header):
        raise InvalidToken("The token has a header that is not allowed")
    # RFC 7515 §4.1.9: a media type may be written without `application/`.
    media_type, expected = header.get("typ"), (typ.lower(), f"application/{typ.lower()}")
    if not isinstance(media_type, str) or media_type.lower() not in expected:
        raise InvalidToken("The token is of another type")


def _find_key(kid: object, now: datetime) -> PublishedKey:
    # A list or an object of JSON cannot be looked up.
    key = published_keys.copy().by_kid.get(kid) if isinstance(kid, str) else None
    if key is None or not key.is_published(now):
        raise InvalidToken("The token was signed by an unknown key")
    return key


def _decode(signed: jws.CompactSignature, key: PublishedKey) -> dict[str, Any]:
    """Return the claims if the key signed them with its own algorithm."""
    try:
        is_valid = jws.validate_compact(signed, key.parsed, registry=REGISTRIES[key.algorithm])
        claims = json.loads(signed.payload.decode()) if is_valid else None
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("The signature of the token is invalid") from error
    if not isinstance(claims, dict):
        raise InvalidToken("The signature of the token is invalid")
    return claims


def _check_times(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    if now - leeway >= _number(claims, "exp"):
        raise InvalidToken("The token has expired")
    if "nbf" in claims and now + leeway < _number(claims, "nbf"):
        raise InvalidToken("The token is not valid yet")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # Python accepts NaN and Infinity, which are not JSON. A token with one would never expire.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidToken(f"The token has no valid {name}")
