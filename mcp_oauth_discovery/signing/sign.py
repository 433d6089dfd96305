"""`sign_jwt` for a token endpoint: sign a JWT with the active key."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from joserfc import jwt

from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.keys.transactions import undisturbed
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.signing.jose import REGISTRIES, Registry, StrictJSON, check_text
from mcp_oauth_discovery.signing.readings import present_connection
from mcp_oauth_discovery.signing.unsealed import unsealed_keys


class NoSigningKey(Exception):
    """No key of the algorithm is active, or its private key cannot be used."""


# How many base64url characters `verify_jwt` reads of each part of a token.
_LONGEST = {"header": Registry.max_header_length, "claims": Registry.max_payload_length}
# How many octets of JSON fit into that.
LONGEST_CLAIMS = Registry.max_payload_length // 4 * 3

# A SHA-256 digest in base64url. Its last character has only four bits.
_THUMBPRINT = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def sign_jwt(
    claims: Mapping[str, Any],
    *,
    algorithm: str | None = None,
    typ: str = "at+jwt",
    cnf: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> str:
    """Add `iss` and `iat` to the claims, and return them as a JWT signed with the active key.

    `algorithm` is the first of `MCP_SIGNING_ALGORITHMS` by default. `cnf` binds the token to the
    key of a client: `{"jkt": THUMBPRINT}`, as in a verified DPoP proof (RFC 9449 §6.1). Raises
    `NoSigningKey` if no key is active, and `ImproperlyConfigured` if `MCP_ISSUER` is not a string.
    Raises `ValueError` for an unknown algorithm, for claims with another issuer or `cnf`, for
    claims that cannot be JSON, and for claims that are too long for `verify_jwt`. Raises
    `TypeError` if `typ` is not a string, or `cnf` no mapping.
    """
    check_text("typ", typ)
    if cnf is not None:
        claims = _confirmed(claims, cnf)
    if algorithm is not None and algorithm not in list(ALGORITHMS):
        known = ", ".join(ALGORITHMS)
        raise ValueError(f"The algorithm {algorithm!r} is unknown; expected one of {known}.")
    now = now or timezone.now()
    issuer = pinned_issuer()
    if claims.get("iss", issuer) != issuer:
        raise ValueError(f"The claims have the iss {claims['iss']!r}; MCP_ISSUER is {issuer!r}.")
    signed = {"iss": issuer, "iat": int(now.timestamp()), **claims}
    with undisturbed(present_connection()):
        key = find_signing_key(algorithm, claims.get("exp"), now)
    return sign(signed, key, typ)


def _confirmed(claims: Mapping[str, Any], cnf: object) -> dict[str, Any]:
    """Return the claims with a `cnf`; raises `TypeError` and `ValueError`."""
    expected = "expected {'jkt': '…'} with a SHA-256 thumbprint, 43 characters of base64url"
    if not isinstance(cnf, Mapping):
        raise TypeError(f"cnf is {cnf!r}; {expected}.")
    thumbprint = cnf.get("jkt")
    if set(cnf) != {"jkt"} or not isinstance(thumbprint, str):
        raise ValueError(f"cnf is {cnf!r}; {expected}.")
    if not _THUMBPRINT.fullmatch(thumbprint):
        raise ValueError(f"The jkt of cnf is {thumbprint!r}; {expected}.")
    if claims.get("cnf", cnf) != cnf:
        raise ValueError(f"The claims have the cnf {claims['cnf']!r}; the argument is {cnf!r}.")
    return {**claims, "cnf": {"jkt": thumbprint}}


def sign(claims: Mapping[str, Any], key: SigningKey, typ: str) -> str:
    """Return unchanged claims as a JWT signed with `key`; raises `NoSigningKey`."""
    try:
        private = unsealed_keys.get(key)
    except Unusable as error:
        raise NoSigningKey(str(error)) from error
    header = {"alg": key.algorithm, "kid": key.kid, "typ": typ}
    try:
        token = jwt.encode(
            header,
            dict(claims),
            private,
            registry=REGISTRIES[key.algorithm],
            encoder_cls=StrictJSON,
            default_type=None,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The claims cannot be written as JSON: {error}.") from error
    for (name, most), part in zip(_LONGEST.items(), token.split("."), strict=False):
        if len(part) > most:
            raise ValueError(
                f"The {name} of the token would have {len(part)} characters in base64url; "
                f"expected {most} at most, which is what verify_jwt reads."
            )
    return token


def find_signing_key(algorithm: str | None, expiry: object, now: datetime) -> SigningKey:
    """Return the key that signs with an algorithm at an instant; raises `NoSigningKey`.

    That is the active key. Because the clocks of hosts differ, its successor may sign a few minutes
    early: for a token that would outlive the active key, or if its private key is erased.
    """
    name = algorithm or policy.signing_algorithms()[0]
    keys = SigningKey.objects
    active: SigningKey | None = keys.signing_key(name, now)
    if active is None:
        # A key may be active by the clock of another host already.
        active = keys.signing_key(name, now + 2 * policy.CLOCK_SKEW)
    if active is None:
        raise NoSigningKey(
            f"No {name} key is active. Run 'manage.py mcp_keys rotate --algorithm {name}'."
        )
    if not active.private_key:
        return stand_in(active, now)
    if not _outlives(expiry, active, now):
        return active
    # Not before every cached copy of the JWK Set has the successor.
    cached = timedelta(seconds=policy.jwks_max_age()) + 2 * policy.CLOCK_SKEW
    return _later(active, now).filter(created_at__lte=now - cached).first() or active


def stand_in(key: SigningKey, now: datetime) -> SigningKey:
    """Return the key that signs in place of a key without its private key, if there is one.

    A host whose clock is ahead has erased the private key. By that clock, the next key signs.
    """
    return _later(key, now).first() or key


def _outlives(expiry: object, key: SigningKey, now: datetime) -> bool:
    """Return whether a host may drop a key while a verifier still needs it for a token."""
    if key.retires_at is None or key.expires_at is None:
        return False
    if isinstance(expiry, datetime):
        # joserfc takes a date without a time zone for UTC.
        expiry = timegm(expiry.utctimetuple())
    if not isinstance(expiry, (int, float)):
        return False
    dropped = key.expires_at - 2 * policy.CLOCK_SKEW
    # A token that lives longer than keys are kept outlives the successor too.
    longest = now + (key.expires_at - key.retires_at) + 2 * policy.CLOCK_SKEW
    return dropped.timestamp() < expiry <= longest.timestamp()


def _later(key: SigningKey, now: datetime) -> QuerySet[SigningKey]:
    """Return the published keys that come after a key and can sign, the next one first."""
    line = SigningKey.objects.published(now).filter(algorithm=key.algorithm)
    later = line.filter(generation__gt=key.generation).exclude(private_key="")
    ordered: QuerySet[SigningKey] = later.order_by("generation")
    return ordered
