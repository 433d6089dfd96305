"""`verify_jwt` for an MCP endpoint on the site that signed the token."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from joserfc import jws

from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing.jose import REGISTRIES, Registry, check_text
from mcp_oauth_discovery.signing.published import SHORT_WAIT, PublishedKey, published_keys
from mcp_oauth_discovery.signing.refusals import InvalidToken, NotMine
from mcp_oauth_discovery.signing.rules import (
    LEEWAY,
    check_audience,
    check_expiry,
    check_header,
    check_issuer,
    check_start,
    check_type,
    claimed_issuer,
    extract,
    refuse_key,
    verified_claims,
)

# Reads tokens of every algorithm. Only the registry of the key's algorithm verifies one.
_ANY_ALGORITHM = Registry()

# In seconds. Clocks do not differ by more.
_MOST_LEEWAY = 3600


@sensitive
def verify_jwt(
    token: str,
    *,
    audience: str,
    typ: str = "at+jwt",
    leeway: float = LEEWAY,
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
    signed = extract(token, _ANY_ALGORITHM)
    header = signed.headers()
    check_header(header)
    check_type(header, typ)
    key = _find_key(signed, issuer, now)
    claims = verified_claims(signed, key.parsed, key.algorithm, REGISTRIES[key.algorithm])
    check_issuer(claims, issuer)
    check_audience(claims, audience)
    check_expiry(claims, now.timestamp(), leeway)
    check_start(claims, now.timestamp(), leeway)
    return claims


@sensitive
def foreign(token: str) -> NotMine | None:
    """Return why a token is not of this site, or None if it claims to be.

    Raises `ImproperlyConfigured` as `verify_jwt` does.
    """
    issuer = pinned_issuer()
    try:
        claimed = claimed_issuer(extract(token, _ANY_ALGORITHM))
        check_issuer({"iss": claimed}, issuer)
    except InvalidToken as error:
        details = {"expected": error.expected, "received": error.received}
        return NotMine(str(error), reason=error.reason, **details)
    return None


@sensitive
def _find_key(signed: jws.CompactSignature, issuer: str, now: datetime) -> PublishedKey:
    header: Mapping[str, Any] = signed.headers()
    kid = header.get("kid")
    # A list or an object of JSON cannot be looked up.
    if not isinstance(kid, str):
        refuse_key(header)
    end = time.monotonic() + SHORT_WAIT
    key = published_keys.copy().by_kid.get(kid)
    if key is None and _claims_issuer(signed, issuer):
        # The time that `copy` has waited counts.
        key = published_keys.renewed(end - time.monotonic()).by_kid.get(kid)
    if key is None or not key.is_published(now):
        refuse_key(header)
    return key


@sensitive
def _claims_issuer(signed: jws.CompactSignature, issuer: str) -> bool:
    """Return whether a token claims to be of this site: others have no key to read again for."""
    try:
        return claimed_issuer(signed) == issuer
    except InvalidToken:
        return False
