"""Are the published keys public, well-formed, and told apart?"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from mcp_oauth_discovery.doctor.catalogue import finding
from mcp_oauth_discovery.doctor.findings import Finding
from mcp_oauth_discovery.doctor.observations import Fetched, Server, Walk
from mcp_oauth_discovery.doctor.places import Role
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.doctor.rules.members import strings
from mcp_oauth_discovery.identifiers import origin

Key = Mapping[str, Any]

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
# RFC 7518 §6.2.1, RFC 8037 §2: curve, and octets of each coordinate.
_OCTETS = {
    ("EC", "P-256"): 32,
    ("EC", "P-384"): 48,
    ("EC", "P-521"): 66,
    ("OKP", "Ed25519"): 32,
    ("OKP", "Ed448"): 57,
    ("OKP", "X25519"): 32,
    ("OKP", "X448"): 56,
}
_MEMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
# Names that others give to what is known here: nobody finds the key by these.
_MISSPELT = {"secp256r1", "prime256v1", "secp384r1", "secp521r1"}
_RSA = {f"{family}{size}" for family in ("RS", "PS") for size in (256, 384, 512)}
# What `alg` may say of a key, by type and curve. Keys for encryption are nobody's business here.
_ALGORITHMS = {
    ("RSA", ""): _RSA,
    ("EC", "P-256"): {"ES256"},
    ("EC", "P-384"): {"ES384"},
    ("EC", "P-521"): {"ES512"},
    ("OKP", "Ed25519"): {"EdDSA", "Ed25519"},
    ("OKP", "Ed448"): {"EdDSA", "Ed448"},
}
_FEWEST_BITS = 2048


def places(walk: Walk) -> Iterator[Finding]:
    for document in _sets(walk):
        if document.is_absent:
            yield finding("jwks-not-found", document.url, f"{document.exchange.status}.")
        elif document.members is not None and not isinstance(document.members.get("keys"), list):
            yield finding("jwks-not-found", document.url, "There is no list of keys in it.")


def private(walk: Walk) -> Iterator[Finding]:
    """Report key material that is nobody's to see; the finding does not repeat it."""
    for document, key in _keys(walk):
        leaked = [name for name in _PRIVATE if name in key]
        if leaked or key.get("kty") == "oct":
            seen = f"The key {_name(key)} has {', '.join(leaked) or 'the type oct'}."
            yield finding("jwks-private", document.url, seen)


def kids(walk: Walk) -> Iterator[Finding]:
    for document in _sets(walk):
        keys = keys_of(document)
        kids = Counter(str(key["kid"]) for key in keys if "kid" in key)
        for kid in sorted(one for one, count in kids.items() if count > 1):
            seen = f"{kids[kid]} keys have the kid {shown(kid)}."
            yield finding("jwks-duplicate-kid", document.url, seen)
        without = len(keys) - kids.total()
        if len(keys) > 1 and without:
            yield finding("jwks-no-kid", document.url, f"{without} of {len(keys)} keys.")


def entries(walk: Walk) -> Iterator[Finding]:
    """Report what is in the list and no key at all."""
    for document in _sets(walk):
        keys = document.told.get("keys")
        for one in keys if isinstance(keys, list) else ():
            if not isinstance(one, dict):
                yield finding("jwks-key-invalid", document.url, f"{shown(one)} is no object.")


def elsewhere(walk: Walk) -> Iterator[Finding]:
    """Report sets on other origins than those that are asked."""
    owners = [walk.resource, *(server.found for server in walk.servers)]
    asked = {document.url for document in _sets(walk)}
    for owner in owners:
        uri = owner.told.get("jwks_uri") if owner else None
        if owner and isinstance(uri, str) and origin(uri) and uri not in asked:
            yield finding("jwks-elsewhere", owner.url, f"jwks_uri is {shown(uri)}.")


def forms(walk: Walk) -> Iterator[Finding]:
    for document, key in _keys(walk):
        if fault := problem(key):
            seen = f"The key {_name(key)}: {shown(fault)}."
            yield finding("jwks-key-invalid", document.url, seen)
        elif key.get("kty") == "RSA" and (bits := _bits(key)) < _FEWEST_BITS:
            yield finding("jwks-weak", document.url, f"The key {_name(key)} has {bits} bits.")


def algorithms(walk: Walk) -> Iterator[Finding]:
    """Report an `alg` that the key cannot have."""
    for document, key in _keys(walk):
        fitting = _fitting(key)
        given = key.get("alg")
        if given is None or not fitting or key.get("use") == "enc":
            continue
        if str(given) not in fitting:
            seen = f"The key {_name(key)} has alg {shown(given)}."
            expected = f"one of {', '.join(sorted(fitting))}"
            yield finding("jwks-algorithm", document.url, seen, expected=expected)


def served(walk: Walk) -> Iterator[Finding]:
    """Report a set that lacks what the metadata needs."""
    for server in walk.servers:
        if server.jwks is None or not isinstance(server.jwks.told.get("keys"), list):
            continue
        keys = keys_of(server.jwks)
        if not keys:
            if signer := _signed_by(walk, server):
                yield finding("jwks-empty", server.jwks.url, f"{signer} is signed.")
            continue
        told = server.found.told if server.found else {}
        served = _served_by(keys)
        named = strings(told, "id_token_signing_alg_values_supported")
        if missing := [name for name in named if name not in served]:
            seen = f"id_token_signing_alg_values_supported has {shown(', '.join(missing))}."
            yield finding("jwks-unserved", server.jwks.url, seen)


def _signed_by(walk: Walk, server: Server) -> str:
    """Return what is signed by the keys of a server, as far as its documents tell."""
    documents = [*server.documents]
    if walk.resource and walk.resource_jwks is None and len(walk.servers) == 1:
        documents.append(walk.resource)
    for document in documents:
        if document.told.get("signed_metadata"):
            return "signed_metadata"
        if document.members is not None and document.role in (Role.OPENID, Role.OPENID_APPENDED):
            return "The ID Token of OpenID"
    return ""


def keys_of(document: Fetched) -> list[Key]:
    """Return the keys of a set that are objects."""
    keys = document.told.get("keys")
    return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []


def _sets(walk: Walk) -> Iterator[Fetched]:
    yield from {one.url: one for one in walk.jwks}.values()


def _keys(walk: Walk) -> Iterator[tuple[Fetched, Key]]:
    for document in _sets(walk):
        yield from ((document, key) for key in keys_of(document))


def problem(key: Key) -> str:
    """Return what is wrong with the form of a key, or ""; a type that is not known here is fine."""
    kind, curve = key.get("kty"), key.get("crv")
    if not isinstance(kind, str) or str(curve) in _MISSPELT:
        return f"kty {kind!r} with crv {curve!r}"
    octets = _OCTETS.get((kind, str(curve)))
    if kind != "RSA" and octets is None:
        # RFC 7517 §5: such keys are ignored.
        return ""
    for name in _MEMBERS[kind]:
        value = _octets(key.get(name))
        if value is None:
            return f"{name} is missing or not base64url without padding"
        if octets is not None and len(value) != octets:
            return f"{name} has {len(value)} octets, not {octets}"
    return "" if kind != "EC" or _is_on_curve(key) else "the point is not on the curve"


def _is_on_curve(key: Key) -> bool:
    x, y = (int.from_bytes(_octets(key[name]) or b"", "big") for name in "xy")
    try:
        ec.EllipticCurvePublicNumbers(x, y, _CURVES[key["crv"]]).public_key()
    except ValueError:
        return False
    return True


def _octets(value: object) -> bytes | None:
    if not isinstance(value, str) or not value or "=" in value:
        return None
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _bits(key: Key) -> int:
    return int.from_bytes(_octets(key.get("n")) or b"", "big").bit_length()


def _served_by(keys: Iterable[Key]) -> set[str]:
    """Return the algorithms that keys can sign with: that of `alg`, or all of the type."""
    served: set[str] = set()
    for key in keys:
        fitting, given = _fitting(key), key.get("alg")
        served |= fitting if given is None else fitting & {str(given)}
    return served


def _fitting(key: Key) -> set[str]:
    """Return the algorithms that a key of this type and curve may sign with."""
    kind = str(key.get("kty"))
    return _ALGORITHMS.get((kind, "" if kind == "RSA" else str(key.get("crv"))), set())


def _name(key: Key) -> str:
    return shown(key.get("kid", "without kid"))


RULES = (places, private, kids, entries, elsewhere, forms, algorithms, served)
