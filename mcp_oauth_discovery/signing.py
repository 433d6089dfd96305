"""JWTs by the keys of the key store: `sign_jwt` for a token endpoint, `verify_jwt` for its dual."""

from __future__ import annotations

import json
import math
from calendar import timegm
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from joserfc import jwa, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry

from mcp_oauth_discovery import policy
from mcp_oauth_discovery.identity import pinned_issuer
from mcp_oauth_discovery.jwk import ALGORITHMS
from mcp_oauth_discovery.models import SigningKey, Unusable
from mcp_oauth_discovery.published import published_keys

# Members of a JOSE header that would have the verifier take its key from the token, or obey an
# extension that nobody here knows (RFC 8725 §3.10, RFC 7515 §4.1.11).
_UNWANTED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})

# Clocks do not differ by more; whoever needs more has tokens that are too short.
_MOST_LEEWAY = 3600


class NoSigningKey(Exception):
    """No key of the algorithm is active, or its private half cannot be had."""


class InvalidToken(Exception):
    """A token that is not to be believed; the text is fit for `error_description` (RFC 6750 §3)."""


class _EdDSA(jwa.EdDSAAlgorithm):
    # The name is deprecated by RFC 9864 and still the only one that most verifiers know.
    security_warning = ""


class _ES256(jwa.ESAlgorithm):
    """ES256 with the nonces of RFC 6979: the same token from every process (RFC 8725 §3.2)."""

    def sign(self, msg: bytes, key: ECKey) -> bytes:
        private: Any = key.get_op_key("sign")
        signature = private.sign(msg, ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class _StrictJSON(json.JSONEncoder):
    """JSON without the NaN and Infinity that Python writes and others cannot read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_nan": False})


class _Registry(jws.JWSRegistry):
    """The algorithms of this package, and none else."""

    algorithms = {
        "RS256": jwa.RSAAlgorithm(256, recommended=True),
        "ES256": _ES256("ES256", "P-256", 256, recommended=True),
        "EdDSA": _EdDSA(),
    }


# How many characters in base64url `verify_jwt` reads of each part of a token.
_LONGEST = {"header": _Registry.max_header_length, "claims": _Registry.max_payload_length}
# How many octets of JSON make that many characters.
LONGEST_CLAIMS = _Registry.max_payload_length // 4 * 3


def sign_jwt(
    claims: Mapping[str, Any],
    *,
    algorithm: str | None = None,
    typ: str = "at+jwt",
    now: datetime | None = None,
) -> str:
    """Return the claims as a JWT signed by the active key, with `iss` and `iat` added.

    `algorithm` is the first of `MCP_SIGNING_ALGORITHMS` by default. Raises `NoSigningKey` when
    no key is active, `ImproperlyConfigured` when `MCP_ISSUER` is not a pinned string, and
    `ValueError` for an unknown algorithm, for claims that name another issuer or are no JSON, and
    for a token that would be too long to be verified.
    """
    _check_text("typ", typ)
    if algorithm is not None and algorithm not in list(ALGORITHMS):
        known = ", ".join(ALGORITHMS)
        raise ValueError(f"The algorithm {algorithm!r} is unknown; expected one of {known}.")
    now = now or timezone.now()
    issuer = pinned_issuer()
    if claims.get("iss", issuer) != issuer:
        raise ValueError(f"The claims have the iss {claims['iss']!r}; MCP_ISSUER is {issuer!r}.")
    signed = {"iss": issuer, "iat": int(now.timestamp()), **claims}
    return sign(signed, find_signing_key(algorithm, claims.get("exp"), now), typ)


def sign(claims: Mapping[str, Any], key: SigningKey, typ: str) -> str:
    """Return the claims, as they are, as a JWT signed by `key`; raises `NoSigningKey`."""
    try:
        private = key.unseal_to_sign()
    except Unusable as error:
        raise NoSigningKey(str(error)) from error
    header = {"alg": key.algorithm, "kid": key.kid, "typ": typ}
    registry = _Registry(algorithms=[key.algorithm])
    try:
        token = jwt.encode(
            header,
            dict(claims),
            private,
            registry=registry,
            encoder_cls=_StrictJSON,
            default_type=None,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The claims cannot be written as JSON: {error}.") from error
    _check_length(token)
    return token


def _check_length(token: str) -> None:
    for (name, most), part in zip(_LONGEST.items(), token.split("."), strict=False):
        if len(part) > most:
            raise ValueError(
                f"The {name} of the token would have {len(part)} characters in base64url; "
                f"expected {most} at most, which is what verify_jwt reads."
            )


def find_signing_key(algorithm: str | None, expiry: object, now: datetime) -> SigningKey:
    """Return the key that signs with an algorithm at an instant; raises `NoSigningKey`.

    That is the active one. Its successor takes its place some minutes early for a token that
    would outlive it, and where its private half is gone: the clocks of hosts differ a little.
    """
    name = algorithm or policy.signing_algorithms()[0]
    keys = SigningKey.objects
    active: SigningKey | None = keys.signing_key(name, now)
    if active is None:
        # Or one that became active a moment ago by the clock of another host.
        active = keys.signing_key(name, now + 2 * policy.CLOCK_SKEW)
    if active is None:
        raise NoSigningKey(
            f"No {name} key is active. Run 'manage.py mcp_keys rotate --algorithm {name}'."
        )
    if not active.private_key:
        return stand_in(active, now)
    if _outlives(expiry, active, now):
        return _cached_successor(active, now) or active
    return active


def stand_in(key: SigningKey, now: datetime) -> SigningKey:
    """Return the key that signs in place of one without its private key, if there is one.

    A host whose clock is ahead has erased it. By that clock, the next key already signs.
    """
    return _later(key, now).first() or key


def _outlives(expiry: object, key: SigningKey, now: datetime) -> bool:
    """Say whether some host may drop a key while some verifier still wants it for a token."""
    if key.retires_at is None or key.expires_at is None:
        return False
    if isinstance(expiry, datetime):
        # As joserfc writes it: one without a time zone is in UTC.
        expiry = timegm(expiry.utctimetuple())
    if not isinstance(expiry, (int, float)):
        return False
    dropped = key.expires_at - 2 * policy.CLOCK_SKEW
    # A token that lives for longer than keys are kept outlives every key, now and in the end.
    longest = now + (key.expires_at - key.retires_at) + 2 * policy.CLOCK_SKEW
    return dropped.timestamp() < expiry <= longest.timestamp()


def _cached_successor(key: SigningKey, now: datetime) -> SigningKey | None:
    """Return the successor of a key, if every cached copy of the JWK Set has it by now."""
    cached = timedelta(seconds=policy.jwks_max_age()) + 2 * policy.CLOCK_SKEW
    successor: SigningKey | None = _later(key, now).filter(created_at__lte=now - cached).first()
    return successor


def _later(key: SigningKey, now: datetime) -> QuerySet[SigningKey]:
    """Return the published keys that come after a key and can sign, the next one first."""
    line = SigningKey.objects.published(now).filter(algorithm=key.algorithm)
    later = line.filter(generation__gt=key.generation).exclude(private_key="")
    ordered: QuerySet[SigningKey] = later.order_by("generation")
    return ordered


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

    `leeway` is in seconds, for `exp` and `nbf`. Raises `InvalidToken` for any doubt about the
    token, and `ImproperlyConfigured` when `MCP_ISSUER` is not a pinned string. Arguments that
    would let any token pass are a `TypeError` or a `ValueError`, whatever the token.
    """
    _check_text("audience", audience)
    _check_text("typ", typ)
    _check_leeway(leeway)
    now = now or timezone.now()
    issuer = pinned_issuer()
    decoded = _decode(token, typ, now)
    if decoded.get("iss") != issuer:
        raise InvalidToken("The token was issued by somebody else")
    audiences = decoded.get("aud", [])
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidToken("The token is not valid for this resource")
    _check_times(decoded, now.timestamp(), leeway)
    return decoded


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a string.")
    if not value:
        raise ValueError(f"{name} is empty; expected a string that is not.")


def _check_leeway(leeway: object) -> None:
    if isinstance(leeway, bool) or not isinstance(leeway, (int, float)):
        raise TypeError(f"leeway is {leeway!r}; expected a number of seconds.")
    # With NaN, which is in no range, no token would ever expire.
    if not 0 <= leeway <= _MOST_LEEWAY:
        raise ValueError(f"leeway is {leeway!r}; expected 0 to {_MOST_LEEWAY} seconds.")


def _decode(token: str, typ: str, now: datetime) -> dict[str, Any]:
    """Return the claims, if a published key has signed them under its own algorithm."""
    malformed = InvalidToken("The token is malformed")
    try:
        header: object = jws.extract_compact(token.encode(), registry=_Registry()).headers()
    except (JoseError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise malformed from error
    if not isinstance(header, dict):
        raise malformed
    if not _UNWANTED_HEADERS.isdisjoint(header):
        raise InvalidToken("The token has a header that is not allowed")
    if not _is_typ(header.get("typ"), typ):
        raise InvalidToken("The token is of another type")
    kid = header.get("kid")
    key = next((one for one in published_keys.at(now) if one.kid == kid), None)
    if key is None:
        raise InvalidToken("The token was signed by an unknown key")
    try:
        registry = _Registry(algorithms=[key.algorithm])
        decoded = jwt.decode(token, JWKRegistry.import_key(dict(key.jwk)), registry=registry)
        # Not every release of joserfc sees to it that they are an object.
        return dict(decoded.claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("The signature of the token does not fit") from error


def _is_typ(value: object, typ: str) -> bool:
    """Compare media types as RFC 7515 §4.1.9 has them, where `application/` may be left out."""
    return isinstance(value, str) and value.lower() in (typ.lower(), f"application/{typ.lower()}")


def _check_times(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    if now - leeway >= _number(claims, "exp"):
        raise InvalidToken("The token has expired")
    if "nbf" in claims and now + leeway < _number(claims, "nbf"):
        raise InvalidToken("The token is not valid yet")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # Python reads NaN and Infinity, which are no JSON, and with which nothing ever expires.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidToken(f"The token has no valid {name}")
