"""No token is accepted that this site has not signed, and none whose claims break a rule.

Octets with a line feed are a header and a payload, which the site signs. Other octets are the value
of an `Authorization` header.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from mcp_oauth_discovery.models import SigningKey
from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from mcp_oauth_discovery.signing.verify import foreign
from mcp_oauth_discovery.standards.authorization import Malformed, Repeated, read_bearer
from mcp_oauth_discovery.standards.token_parts import read_parts
from tests.keys import NOW
from tests.robustness.fuzzing.seeds import AUDIENCE, ISSUER, KID

LEEWAY = 60
HEADER = {"alg": "EdDSA", "kid": KID, "typ": "at+jwt"}
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7", "exp": int(NOW.timestamp()) + 3600}
# RFC 6750 §3: what error_description may have.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
KEY_MEMBERS = {"jwk", "jku", "x5u", "x5c", "crit"}


def _part(members: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=")


def _pair(header: object, claims: object) -> bytes:
    return json.dumps(header).encode() + b"\n" + json.dumps(claims).encode()


SEEDS = (
    _pair(HEADER, CLAIMS),
    _pair(HEADER, {**CLAIMS, "aud": ["x", AUDIENCE], "nbf": 0}),
    _pair(HEADER, {**CLAIMS, "exp": float(CLAIMS["exp"]), "nbf": 2**70}),
    _pair({**HEADER, "crit": ["b64"], "b64": False}, CLAIMS),
    _pair({**HEADER, "jwk": {"kty": "OKP"}}, CLAIMS),
    _pair({**HEADER, "typ": "application/AT+JWT", "cty": "JWT"}, CLAIMS),
    json.dumps(HEADER).encode() + b'\n{"iss": "a", "iss": "b", "exp": NaN, "exp": 1e999}',
    b"Bearer " + _part({"alg": "none"}) + b"." + _part(CLAIMS) + b".",
    b"Bearer " + _part({**HEADER, "alg": "HS256"}) + b"." + _part(CLAIMS) + b".AAAA",
    b"Bearer " + _part(HEADER) + b"." + _part(CLAIMS) + b"." + b"A" * 86,
    b"Bearer a.b.c.d.e, Bearer x",
    b"bearer  x=\t",
    b"Basic YTpi",
)


def run(octets: bytes) -> None:
    header, separator, payload = octets.partition(b"\n")
    if separator:
        _check_signed(header, payload)
    else:
        _check_unsigned(octets.decode("utf-8", "surrogateescape"))


def _check_signed(header: bytes, payload: bytes) -> None:
    """Sign anything at all, and hold that only what keeps the rules is accepted."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload)]
    message = b".".join(parts)
    signature = base64.urlsafe_b64encode(_private_key().sign(message)).rstrip(b"=")
    claims = _verified((message + b"." + signature).decode())
    if claims is None:
        return
    members = json.loads(header)
    assert claims == json.loads(payload)
    assert members["alg"] in ("EdDSA", "Ed25519")
    assert members["kid"] == KID
    assert str(members["typ"]).lower().removeprefix("application/") == "at+jwt"
    assert KEY_MEMBERS.isdisjoint(members)
    assert claims["iss"] == ISSUER
    assert AUDIENCE in _listed(claims["aud"])
    now = NOW.timestamp()
    assert _is_number(claims["exp"])
    assert claims["exp"] > now - LEEWAY
    assert "nbf" not in claims or (_is_number(claims["nbf"]) and claims["nbf"] <= now + LEEWAY)


def _check_unsigned(header: str) -> None:
    """Hold that no octets are a signed token, and that every reader survives them."""
    # The fuzzer does not have the private key.
    assert _verified(header) is None
    parts = read_parts(header)
    assert len(header) < 8 or header not in parts.without_secrets(f"a {header} b")
    try:
        token = read_bearer(header)
    except (Malformed, Repeated) as refusal:
        _check_description(refusal)
        return
    if token is not None:
        assert BEARER.fullmatch(token)
        assert token in header
        assert _verified(token) is None


def _verified(token: str) -> dict[str, Any] | None:
    """Return the claims of a token that is accepted, and check the text of a refusal."""
    foreign_or_ours = _claimed(token)
    try:
        claims = verify_jwt(token, audience=AUDIENCE, leeway=LEEWAY, now=NOW)
    except InvalidToken as refusal:
        _check_description(refusal)
        return None
    assert foreign_or_ours is None
    return claims


def _claimed(token: str) -> object:
    refusal = foreign(token)
    if refusal is not None:
        _check_description(refusal)
    return refusal


def _check_description(refusal: Exception) -> None:
    assert DESCRIPTION.fullmatch(str(refusal))


@lru_cache(maxsize=1)
def _private_key() -> Any:
    return SigningKey.objects.get(kid=KID).unseal().private_key


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else [value]


def _is_number(value: object) -> bool:
    is_finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return is_finite and not isinstance(value, bool)
