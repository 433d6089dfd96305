"""Keys of a JWK Set: their purpose, their algorithms, and faults of their form."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from mcp_oauth_discovery.doctor.language import gettext, ngettext, said
from mcp_oauth_discovery.doctor.printing import shown
from mcp_oauth_discovery.keys import files
from mcp_oauth_discovery.keys.algorithms import RSA_BITS, RSA_MOST_BITS

Key = Mapping[str, Any]

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
# RFC 7517, RFC 7518, RFC 8037, and the key pairs of ML-DSA.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")
# RFC 7518 §6.2.1, RFC 8037 §2: curve, and octets of each coordinate.
_OCTETS = {
    ("EC", "P-256"): 32,
    ("EC", "P-384"): 48,
    ("EC", "P-521"): 66,
    ("EC", "secp256k1"): 32,
    ("OKP", "Ed25519"): 32,
    ("OKP", "Ed448"): 57,
    ("OKP", "X25519"): 32,
    ("OKP", "X448"): 56,
}
_MEMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
_CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
# Names of these curves in other specifications. Clients do not know keys by these names.
_MISSPELT = {"secp256r1", "prime256v1", "secp384r1", "secp521r1"}
_TYPE_OF = {curve: kind for kind, curve in _OCTETS}
# RFC 7517 §4.1 and §4.2: case counts.
_NAMES = {*_MEMBERS, *_TYPE_OF, "sig", "enc"}

# The values of `alg` by type and curve: RFC 7518 §3.1 and §4.1, RFC 8037 §3.1, RFC 8812, RFC 9864.
_SIGNATURES = {
    ("RSA", ""): {f"{family}{size}" for family in ("RS", "PS") for size in (256, 384, 512)},
    ("EC", "P-256"): {"ES256"},
    ("EC", "P-384"): {"ES384"},
    ("EC", "P-521"): {"ES512"},
    ("EC", "secp256k1"): {"ES256K"},
    ("OKP", "Ed25519"): {"EdDSA", "Ed25519"},
    ("OKP", "Ed448"): {"EdDSA", "Ed448"},
}
_RSA_ENCRYPTION = {"RSA1_5", "RSA-OAEP", *(f"RSA-OAEP-{size}" for size in (256, 384, 512))}
_AGREEMENT = {"ECDH-ES", *(f"ECDH-ES+A{size}KW" for size in (128, 192, 256))}
_ENCRYPTION = {
    ("RSA", ""): _RSA_ENCRYPTION,
    **{("EC", curve): _AGREEMENT for curve in _CURVES},
    **{("OKP", curve): _AGREEMENT for curve in ("X25519", "X448")},
}
_SIGNS = {name for names in _SIGNATURES.values() for name in names}
_ENCRYPTS = _RSA_ENCRYPTION | _AGREEMENT
# RFC 7517 §4.3.
_OPERATIONS = {
    "sig": {"sign", "verify"},
    "enc": {"encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"},
}


def private_members(key: Key) -> list[str]:
    """Return the names of the private members that have a value."""
    return [name for name in _PRIVATE if key.get(name) not in (None, "")]


def is_for_encryption(key: Key) -> bool:
    """Return whether the members of a key show that it is not for signatures."""
    purpose = _purpose(key)
    if purpose:
        return purpose == "enc"
    return str(key.get("alg")) in _ENCRYPTS or (_kind(key) in _ENCRYPTION and not signatures(key))


def signatures(key: Key) -> set[str]:
    """Return the signature algorithms of a type and curve."""
    return _SIGNATURES.get(_kind(key), set())


def fitting(key: Key) -> set[str] | None:
    """Return the allowed values of a wrong `alg`; None if `alg` fits, or the type is unknown."""
    given, kind, purpose = str(key.get("alg")), _kind(key), _purpose(key)
    signs, encrypts = signatures(key), _ENCRYPTION.get(kind, set())
    if "alg" not in key or not signs | encrypts:
        return None
    if purpose == "enc":
        # New algorithms for encryption may be registered, so accept unknown names.
        return encrypts if given in (_SIGNS | _ENCRYPTS) - encrypts else None
    allowed = signs if purpose else signs | encrypts
    return None if given in allowed else signs or encrypts


def problem(key: Key) -> str:
    """Return what is wrong with the form of a key, translated, or ""; an unknown type is fine."""
    kind, curve = key.get("kty"), key.get("crv")
    if not isinstance(kind, str) or _is_misspelt(kind) or _has_wrong_curve(kind, curve):
        text = gettext("kty %(kind)s with crv %(curve)s")
        return text % {"kind": _quoted(kind), "curve": _quoted(curve)}
    if mistake := _label_problem(key):
        return mistake
    octets = _OCTETS.get((kind, str(curve)))
    if kind != "RSA" and octets is None:
        # RFC 7517 §5: such keys are ignored.
        return ""
    for name in _MEMBERS[kind]:
        value = _octets(key.get(name))
        if value is None:
            text = gettext("%(name)s is missing or not base64url without padding")
            return text % {"name": name}
        if octets is not None and len(value) != octets:
            text = ngettext(
                "%(name)s has %(number)d octet, not %(expected)d",
                "%(name)s has %(number)d octets, not %(expected)d",
                len(value),
            )
            return text % {"name": name, "number": len(value), "expected": octets}
    if kind == "RSA":
        return _rsa_problem(key)
    is_on_curve = kind != "EC" or _is_on_curve(key)
    return "" if is_on_curve else gettext("the point is not on the curve")


def bits(key: Key) -> int:
    """Return the size of the modulus of an RSA key of the right form."""
    return _number(key, "n").bit_length()


def weakness(key: Key) -> str:
    """Return why anyone can sign with a well-formed key, by the rules of an import, or ""."""
    kind, curve = key.get("kty"), key.get("crv")
    if kind == "RSA" and RSA_BITS <= bits(key) <= RSA_MOST_BITS:
        # The weaknesses are in the modulus, not in the exponent.
        public = {"kty": "RSA", "n": key["n"], "e": "AQAB"}
    elif (kind, curve) == ("OKP", "Ed25519"):
        public = {"kty": "OKP", "crv": "Ed25519", "x": key["x"]}
    else:
        return ""
    try:
        files.read(json.dumps(public))
    except files.UnsuitableKey as refusal:
        return said(refusal)
    return ""


def _kind(key: Key) -> tuple[str, str]:
    kind = str(key.get("kty"))
    return kind, "" if kind == "RSA" else str(key.get("crv"))


def _purpose(key: Key) -> str:
    """Return "sig" or "enc" if `use` or `key_ops` says so, otherwise ""."""
    use, operations = key.get("use"), key.get("key_ops")
    if use in ("sig", "enc"):
        return str(use)
    named = [str(item) for item in operations] if isinstance(operations, list) else []
    return next((use for use, known in _OPERATIONS.items() if known & set(named)), "")


def _label_problem(key: Key) -> str:
    """Return what is wrong with the members that every type has (RFC 7517 §4)."""
    for name in ("kid", "alg", "use", "x5u", "x5t", "x5t#S256"):
        if not isinstance(key.get(name, ""), str):
            text = gettext("%(name)s is %(value)s, not a string")
            return text % {"name": name, "value": _quoted(key[name])}
    if _is_misspelt(key.get("use", "")):
        return gettext("%(name)s is %(value)s") % {"name": "use", "value": _quoted(key["use"])}
    if empty := [name for name in _PRIVATE if name in key and not private_members(key)]:
        text = gettext("%(name)s is %(value)s, and a public key has no such member")
        return text % {"name": empty[0], "value": _quoted(key[empty[0]])}
    for name in ("key_ops", "x5c"):
        listed = key.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            text = gettext("%(name)s is %(value)s, not a list of strings")
            return text % {"name": name, "value": _quoted(listed)}
    operations = key.get("key_ops", [])
    known = _OPERATIONS.get(key.get("use", ""), set())
    if known and operations and not known & set(operations):
        text = gettext("use %(use)s contradicts key_ops %(operations)s")
        return text % {"use": _quoted(key["use"]), "operations": _quoted(operations)}
    return ""


def _quoted(value: object) -> str:
    """Return a value of a key with quotes around strings, safe and short enough for a report."""
    return shown(repr(value))


def _is_misspelt(name: str) -> bool:
    """Return whether a name differs from one of RFC 7518 or RFC 8037 only by case or hyphens."""
    return name not in _NAMES and _folded(name) in map(_folded, _NAMES)


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _has_wrong_curve(kind: str, curve: object) -> bool:
    if kind not in _TYPE_OF.values():
        return False
    if not isinstance(curve, str) or curve in _MISSPELT or _is_misspelt(curve):
        return True
    return _TYPE_OF.get(curve, kind) != kind


def _rsa_problem(key: Key) -> str:
    for name in ("n", "e"):
        # The number zero itself is one zero octet (RFC 7518 §2).
        if (_octets(key[name]) or b"")[:-1].startswith(b"\0"):
            return gettext("%(name)s begins with an octet of zero") % {"name": name}
    exponent = _number(key, "e")
    # A short modulus has its own finding.
    end = _number(key, "n") if bits(key) >= RSA_BITS else 2**RSA_BITS
    if exponent < 3 or exponent % 2 == 0 or exponent >= end:
        if exponent >= 2**32:
            return gettext("the exponent is out of range")
        return gettext("the exponent is %(number)d") % {"number": exponent}
    return ""


def _is_on_curve(key: Key) -> bool:
    try:
        curve = _CURVES[key["crv"]]
        ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), curve).public_key()
    except ValueError:
        return False
    return True


def _number(key: Key, name: str) -> int:
    return int.from_bytes(_octets(key.get(name)) or b"", "big")


def _octets(value: object) -> bytes | None:
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
        return None
    try:
        octets = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return None
    # RFC 4648 §3.5: the bits that are left over are zero.
    is_canonical = base64.urlsafe_b64encode(octets).rstrip(b"=") == value.encode()
    return octets if is_canonical else None
