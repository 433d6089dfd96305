"""Client assertions: the JWTs with which clients authenticate (RFC 7523 §2.2 and §3)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.signing.rules import (
    LEEWAY,
    check_expiry,
    check_header,
    check_issuer,
    check_start,
    check_type,
    extract,
    refuse_key,
)
from mcp_oauth_discovery.verifiers.key_sets import ANY_ALGORITHM, KeySet

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# In seconds. Each assertion is remembered until it expires, so that it is accepted only once.
LONGEST = 3600


@sensitive
def claimed_client(assertion: str) -> str | None:
    """Return the client that an assertion claims to be from; nothing is verified yet.

    Raises `InvalidToken` if the assertion is not a JWT.
    """
    try:
        claims: object = json.loads(extract(assertion, ANY_ALGORITHM).payload)
    except (ValueError, RecursionError) as error:
        raise InvalidToken(reason="malformed") from error
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else None


@sensitive
def verify_assertion(
    assertion: str, *, client_id: str, jwks: Mapping[str, Any], issuer: str
) -> dict[str, Any]:
    """Return the claims of an assertion, whose `jti` is a string and whose `exp` is soon.

    `jwks` has the public keys of the client. Raises `InvalidToken` if an assertion breaks a rule
    of RFC 7523 §3. The caller must accept each `jti` of a client only once.
    """
    signed = extract(assertion, ANY_ALGORITHM)
    header = signed.headers()
    check_header(header)
    # An access token or an ID token of this client is not an assertion (RFC 8725 §3.11).
    check_type(header, "JWT", "client-authentication+jwt", is_required=False)
    keys, algorithm = KeySet(list(jwks.get("keys", []))), header.get("alg")
    # The keys decide which algorithms there are: none of them is symmetric, and none is `none`.
    if not isinstance(algorithm, str) or algorithm not in keys.algorithms:
        refuse_key(header)
    claims = keys.verified_claims(signed)
    check_issuer(claims, client_id)
    _check_subject(claims, client_id)
    _check_audience(claims, issuer)
    now = time.time()
    check_expiry(claims, now, LEEWAY)
    check_start(claims, now, LEEWAY)
    if claims["exp"] > now + LONGEST + LEEWAY:
        raise InvalidToken(reason="bad_claim", expected={"exp": f"within {LONGEST} seconds"})
    if not (isinstance(claims.get("jti"), str) and claims["jti"]):
        raise InvalidToken(reason="bad_claim", expected={"jti": "a string"})
    return claims


def _check_subject(claims: Mapping[str, Any], client_id: str) -> None:
    # `check_issuer` has compared `iss`. Both are the client (RFC 7523 §3).
    if claims.get("sub") != client_id:
        raise InvalidToken(reason="bad_claim", expected={"sub": client_id})


def _check_audience(claims: Mapping[str, Any], issuer: str) -> None:
    """Refuse an `aud` that is not the issuer alone.

    RFC 7523 also allows the URL of the token endpoint. But another server can announce this URL as
    its own, and so get assertions that are valid here.
    """
    if claims.get("aud") not in (issuer, [issuer]):
        raise InvalidToken(reason="wrong_audience", expected={"aud": issuer})
