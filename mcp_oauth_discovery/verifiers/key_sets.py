"""The JWK Set of another server (RFC 7517): which of its keys may verify which tokens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.util import base64_to_int

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, RSA_BITS
from mcp_oauth_discovery.logs.sensitive import sensitive
from mcp_oauth_discovery.signing import InvalidToken
from mcp_oauth_discovery.signing.rules import refuse_key, verified_claims

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_ED25519 = tuple(name for name in ("EdDSA", ALGORITHMS["EdDSA"].other_name) if name)
# The signature algorithms by `kty` and `crv`. None of them is symmetric.
_FAMILIES: Mapping[tuple[object, object], tuple[str, ...]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): _ED25519,
}
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
# joserfc refuses longer signatures.
_RSA_MOST_BITS = 8192

# How many keys a token may be tried with: those of its `kid`, or all of a set if it has none.
_MOST_CANDIDATES = 8


class Registry(jws.JWSRegistry):
    """The asymmetric algorithms that other servers sign with.

    Unknown members of a header are ignored (RFC 7515 §4), and it may have a certificate's
    thumbprint.
    """

    algorithms = {
        name: jws.JWSRegistry.algorithms[name] for names in _FAMILIES.values() for name in names
    } | {"EdDSA": ALGORITHMS["EdDSA"].signature}
    max_header_length = 2048


ANY_ALGORITHM = Registry(strict_check_header=False)
# Each of these allows one algorithm only.
REGISTRIES = {
    name: Registry(algorithms=[name], strict_check_header=False) for name in Registry.algorithms
}


class RemoteKey:
    """One key of a set, which is not parsed before it is needed."""

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        names = _PUBLIC_MEMBERS.get(str(jwk.get("kty")), ())
        # The public members alone: a certificate beside them decides nothing.
        self._members: dict[str, Any] = {name: jwk.get(name) for name in ("kty", *names)}
        self.algorithms = _algorithms(jwk)

    @cached_property
    def parsed(self) -> Key | None:
        """The key of joserfc, or None if it is malformed, or has a size that is not allowed."""
        try:
            if self._members["kty"] == "RSA":
                # joserfc only warns of a short key.
                bits = base64_to_int(self._members["n"]).bit_length()
                if not RSA_BITS <= bits <= _RSA_MOST_BITS:
                    return None
            # The type has been checked: nothing here can be a symmetric key.
            return JWKRegistry.import_key(self._members)
        except (JoseError, ValueError, TypeError, AttributeError):
            return None


class KeySet:
    """The keys of one reading that can verify signatures; all others are left out."""

    def __init__(self, jwks: list[Any]) -> None:
        self._by_kid: dict[str | None, list[RemoteKey]] = {}
        algorithms: set[str] = set()
        for jwk in jwks:
            if isinstance(jwk, dict) and (key := RemoteKey(jwk)).algorithms:
                kid = jwk.get("kid")
                self._by_kid.setdefault(kid if isinstance(kid, str) else None, []).append(key)
                algorithms |= key.algorithms
        self.algorithms = frozenset(algorithms)

    @property
    def is_empty(self) -> bool:
        return not self._by_kid

    def has(self, kid: object) -> bool:
        """Return whether a key of the set has this `kid`, which may be any JSON."""
        return isinstance(kid, str) and kid in self._by_kid

    def candidates(self, kid: object, algorithm: str) -> list[Key]:
        """Return the keys that a token with this header may be signed by.

        `kid` is None if the token names no key. Then any key of the set may be it. There are none
        if they are too many to try them all.
        """
        if kid is None:
            named = [key for keys in self._by_kid.values() for key in keys]
        else:
            named = self._by_kid[str(kid)] if self.has(kid) else []
        fitting = [key for key in named if algorithm in key.algorithms]
        if len(fitting) > _MOST_CANDIDATES:
            return []
        return [key.parsed for key in fitting if key.parsed is not None]

    @sensitive
    def verified_claims(self, signed: jws.CompactSignature) -> dict[str, Any]:
        """Return the claims of a token that a key of this set has signed, or raise `InvalidToken`.

        The `alg` of the token must be among the algorithms of the set.
        """
        header: Mapping[str, Any] = signed.headers()
        algorithm = header["alg"]
        refusal = None
        for key in self.candidates(header.get("kid"), algorithm):
            try:
                return verified_claims(signed, key, algorithm, REGISTRIES[algorithm])
            except InvalidToken as error:
                # Several keys may have one `kid`, or a token may name none.
                refusal = error
        if refusal is None:
            refuse_key(header)
        raise refusal


def _algorithms(jwk: Mapping[str, Any]) -> frozenset[str]:
    """Return the algorithms of a key, none if it may not verify signatures."""
    kty, curve, operations = jwk.get("kty"), jwk.get("crv"), jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig":
        return frozenset()
    if not isinstance(operations, list) or "verify" not in operations:
        return frozenset()
    if not isinstance(kty, str) or not isinstance(curve, (str, type(None))):
        return frozenset()
    family = _FAMILIES.get((kty, None if kty == "RSA" else curve), ())
    # RFC 7517 §4.4: the key is for this algorithm. Ed25519 has two names (RFC 9864).
    own = jwk.get("alg")
    if own is None or (own in family and family is _ED25519):
        return frozenset(family)
    return frozenset(name for name in family if name == own)
