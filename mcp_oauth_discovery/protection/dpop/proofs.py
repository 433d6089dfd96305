"""`verify_proof`: a DPoP proof, by which a client shows that it has a key (RFC 9449 §4)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.utils import timezone
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.util import base64_to_int

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, RSA_BITS
from mcp_oauth_discovery.logs.lines import one_line
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.protection.dpop import nonces
from mcp_oauth_discovery.signing import InvalidToken, Unavailable
from mcp_oauth_discovery.signing.rules import check_type, extract, verified_claims
from mcp_oauth_discovery.standards.identifiers import target

# The algorithms of proofs, all asymmetric, in the order in which they are announced. The official
# clients sign with ES256.
PROOF_ALGORITHMS = ("ES256", "EdDSA", "RS256")

# How far the `iat` of a proof may be from now, either way. SEP-1932 requires these five minutes.
WINDOW = timedelta(minutes=5)
# How long the `jti` of a proof is remembered. A proof with the latest `iat` is valid for twice the
# window, and for a minute more on a host whose clock is behind.
_REMEMBERED = int((2 * WINDOW + timedelta(minutes=1)).total_seconds())

_TYPE = "dpop+jwt"
# These members of the header would supply another key, or require an extension.
_UNWANTED_HEADERS = frozenset({"jku", "x5u", "x5c", "crit"})
# RFC 7518 §6: what only a private or a symmetric key has.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class InvalidProof(InvalidToken):
    """A proof that must be refused, with its request. It takes the arguments of `InvalidToken`."""

    error = "invalid_dpop_proof"


class NonceRequired(InvalidProof):
    """A proof without a nonce of this site, or with an old one.

    Send `nonce` in the header `DPoP-Nonce`: the client tries again with it.
    """

    error = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        text = "The DPoP proof has no nonce of this server, or an old one"
        super().__init__(text, reason="nonce_required")
        self.nonce = nonce


class Proof(NamedTuple):
    """A verified proof: the thumbprint of its key (RFC 7638), as in `cnf`, and its own `jti`."""

    thumbprint: str
    jti: str

    def use(self) -> None:
        """Remember this proof, so that it is not accepted again (RFC 9449 §11.1).

        Call this last, when all else is valid: anyone can make proofs, and each one takes space in
        the cache `default`. Raises `InvalidProof` if the proof has been used, and `Unavailable` if
        the cache cannot be used.
        """
        # JSON may have surrogates, which UTF-8 does not have.
        identity = f"{self.thumbprint} {self.jti}".encode(errors="surrogatepass")
        digest = hashlib.sha256(identity).hexdigest()
        try:
            is_new = cache.add(f"mcp_oauth_discovery.dpop.{digest}", True, _REMEMBERED)
        except Exception as error:
            # Each cache has exceptions of its own. Without it, a stolen proof could be used again.
            text = f"The cache cannot remember a DPoP proof: {one_line(error)}"
            raise Unavailable(text) from error
        if not is_new:
            raise InvalidProof("The DPoP proof has been used before", reason="replayed_proof")


class _Registry(jws.JWSRegistry):
    algorithms = {name: ALGORITHMS[name].signature for name in PROOF_ALGORITHMS}
    # The header has the public key. That of an RSA key of 4096 bits has about 1,000 characters.
    max_header_length = 2048


_ANY_ALGORITHM = _Registry(strict_check_header=False)
# Each of these allows one algorithm only.
_REGISTRIES = {
    name: _Registry(algorithms=[name], strict_check_header=False) for name in PROOF_ALGORITHMS
}


@sensitive
def verify_proof(
    proof: str,
    *,
    method: str,
    url: str,
    token: str | None = None,
    algorithms: Collection[str] = PROOF_ALGORITHMS,
    now: datetime | None = None,
) -> Proof:
    """Return the verified proof in a `DPoP` header, if it follows every rule of RFC 9449 §4.3.

    `method` is that of the request. `url` is where clients send it: build it from a setting, and
    not from `Host`. `token` is the access token beside the proof; without one, such as at a token
    endpoint, the proof needs no `ath`. Whether the proof has been used before is not checked: call
    `use` of the result for that. Raises `InvalidProof`, and `NonceRequired` if
    `MCP_DPOP_NONCE_REQUIRED` is true and the nonce is not valid.
    """
    now = now or timezone.now()
    try:
        signed = extract(proof, _ANY_ALGORITHM)
        header: Mapping[str, Any] = signed.headers()
        check_type(header, _TYPE)
    except InvalidToken as error:
        # The texts of these rules speak of the token.
        raise _invalid("The DPoP proof is malformed", received=error.received) from error
    key = _key(header, algorithms)
    claims = _claims(signed, key, header["alg"])
    if claims.get("htm") != method:
        raise _not_of_request("htm", method, claims)
    if not target(url) or target(claims.get("htu")) != target(url):
        raise _not_of_request("htu", url, claims)
    _check_time(claims, now)
    if token is not None and claims.get("ath") != _digest(token):
        raise _invalid("The DPoP proof is for another access token")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise _invalid("The DPoP proof has no jti")
    if nonces.are_required() and not nonces.is_valid(claims.get("nonce"), now):
        raise NonceRequired(nonces.new_nonce(now))
    return Proof(key.thumbprint(), jti)


def _key(header: Mapping[str, Any], algorithms: Collection[str]) -> Key:
    """Return the public key in the header of a proof, of a kind and size that its `alg` allows."""
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if not isinstance(algorithm, str) or algorithm not in {*PROOF_ALGORITHMS} & {*algorithms}:
        raise _invalid(
            "The algorithm of the DPoP proof is not supported",
            expected={"alg": " or ".join(algorithms)},
            received={"alg": algorithm},
        )
    if not isinstance(jwk, Mapping) or not _UNWANTED_HEADERS.isdisjoint(header):
        raise _invalid("The DPoP proof has no key, or a header that is not allowed")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise _invalid("The DPoP proof has a private key")
    facts = ALGORITHMS[algorithm]
    # Only the members of the public key, of which the thumbprint is made.
    members: dict[str, Any] = {name: jwk.get(name) for name in ("kty", *facts.members)}
    try:
        # joserfc only warns of a short key, so read its size before.
        is_short = "n" in members and base64_to_int(members["n"]).bit_length() < RSA_BITS
        key: Key | None = None if is_short else facts.key_class.import_key(members)
        # Nor does it read `kty`.
        is_of_type = jwk.get("kty") == facts.key_class.key_type
        is_accepted = key is not None and is_of_type and facts.accepts(key.public_key)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise _invalid("The key of the DPoP proof is malformed") from error
    if key is None or not is_accepted:
        text = "The key of the DPoP proof is not for its algorithm, or has another size"
        raise _invalid(text, received={"alg": algorithm})
    return key


def _claims(signed: jws.CompactSignature, key: Key, algorithm: str) -> Mapping[str, Any]:
    """Return the claims, if the key has signed them."""
    try:
        return verified_claims(signed, key, algorithm, _REGISTRIES[algorithm])
    except InvalidToken as error:
        raise _invalid("The signature of the DPoP proof is invalid") from error


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    made_at: Any = claims.get("iat")
    is_number = isinstance(made_at, (int, float)) and not isinstance(made_at, bool)
    earliest, latest = ((now + sign * WINDOW).timestamp() for sign in (-1, 1))
    # Compare only: NaN is in no range, and integers that are too large for a float cannot be used
    # in calculations with one.
    if not is_number or not earliest <= made_at <= latest:
        raise _invalid(
            "The iat of the DPoP proof is not within five minutes of the time of this server",
            expected={"iat": f"five minutes before or after {now.timestamp():.0f}"},
            received={"iat": made_at},
        )


def _digest(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _not_of_request(name: str, expected: str, claims: Mapping[str, Any]) -> InvalidProof:
    return _invalid(
        f"The {name} of the DPoP proof is not that of this request",
        expected={name: expected},
        received={name: claims.get(name)},
    )


def _invalid(text: str, **details: Mapping[str, object]) -> InvalidProof:
    return InvalidProof(text, reason="invalid_proof", **details)
