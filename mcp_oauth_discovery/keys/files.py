"""Read keys that other programs wrote (PEM, DER, JWK), and check them before an import."""

from __future__ import annotations

import json
import re
import reprlib
import warnings
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, OKPKey

from mcp_oauth_discovery.keys.algorithms import ALGORITHMS, NEEDS, RSA_MOST_BITS, Key
from mcp_oauth_discovery.keys.encodings import UnsuitableKey, read_der, read_pem
from mcp_oauth_discovery.keys.weak_keys import weakness
from mcp_oauth_discovery.standards.marking import gettext_noop as _

__all__ = ["LARGEST_FILE", "UnsuitableKey", "declared_kid", "kid_to_keep", "read"]

# In octets. A key of 4096 bits with its chain of certificates has about ten thousand.
LARGEST_FILE = 2**20

# The private members of RFC 7517, RFC 7518 and RFC 8037.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
# The number of base64url characters of the largest number in an RSA key.
_LONGEST_NUMBER = RSA_MOST_BITS // 6 + 1

# A kid that fits into its column, and that logs and terminals show unchanged.
_KID = re.compile(r"[!-~]{1,64}")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(data: bytes | str) -> tuple[Key, str]:
    """Read a key from a PEM, DER or JWK file, private or public; return it with its algorithm.

    Raises `UnsuitableKey` with one line that says what is wrong.
    """
    octets = _octets(data)
    text = octets.strip()
    if not text:
        raise UnsuitableKey(_("The file is empty; expected a key as PEM, DER or JWK."))
    if text.startswith(b"{"):
        native, declared = _read_jwk(text)
    else:
        native = read_pem(text) if b"-----BEGIN " in text else read_der(octets)
        declared = None
    public = native if hasattr(native, "public_bytes") else native.public_key()
    for algorithm in ALGORITHMS.values():
        names = (None, algorithm.name, algorithm.other_name)
        if algorithm.accepts(public) and declared in names:
            if flaw := weakness(public):
                raise UnsuitableKey(flaw)
            return algorithm.wrap(native), algorithm.name
    raise _unsuitable(public, declared)


def declared_kid(data: bytes | str) -> str | None:
    """Return the `kid` of a JWK file that `read` accepts; None if it has none."""
    kid = _kid(data)
    return None if kid is None else str(kid)


def kid_to_keep(data: bytes | str) -> str:
    """Return the `kid` of a JWK file that `read` accepts, if a key may be published under it.

    Raises `UnsuitableKey` otherwise.
    """
    kid = _kid(data)
    if kid is None:
        raise UnsuitableKey(_("The file has no kid to keep. Give a JWK with a kid."))
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise UnsuitableKey(
            _(
                "The file has the kid %(kid)s, which cannot be kept; expected 1 to 64 visible "
                "ASCII characters."
            ),
            kid=reprlib.repr(kid),
        )
    return kid


def _kid(data: bytes | str) -> object:
    text = _octets(data).strip()
    return _members(text).get("kid") if text.startswith(b"{") else None


def _octets(data: bytes | str) -> bytes:
    if isinstance(data, str):
        # A lone surrogate cannot be in a key, so the file is refused later.
        data = data.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST_FILE:
        raise UnsuitableKey(
            _(
                "The file has more than %(number)d octets. Put the key to import in a file of its "
                "own."
            ),
            number=LARGEST_FILE,
        )
    return data.removeprefix(_BYTE_ORDER_MARK)


def _unsuitable(public: Any, declared: object) -> UnsuitableKey:
    """Return the error for a public key of `cryptography` that no algorithm may sign with."""
    size = getattr(public, "key_size", None)
    curve = getattr(getattr(public, "curve", None), "name", None)
    kind = type(public).__name__.lstrip("_").removesuffix("PublicKey")
    about = curve or (f"{size} bits" if size else "")
    exponent = f", exponent {public.public_numbers().e}" if kind == "RSA" else ""
    facts = f" ({about}{exponent})" if about else ""
    if not declared:
        text = _("This %(kind)s key%(facts)s cannot be used:")
        return UnsuitableKey(text, NEEDS, kind=kind, facts=facts)
    text = _("This %(kind)s key%(facts)s for %(algorithm)s cannot be used:")
    return UnsuitableKey(text, NEEDS, kind=kind, facts=facts, algorithm=reprlib.repr(declared))


def _read_jwk(text: bytes) -> tuple[Any, object]:
    """Return the key of a JWK for `cryptography`, and the algorithm that the JWK declares."""
    jwk = _members(text)
    _check_use(jwk)
    numbers = [jwk.get(name) for name in ("n", "e", *_PRIVATE)]
    is_long = any(isinstance(text, str) and len(text) > _LONGEST_NUMBER for text in numbers)
    # Calculations with a private key of this size may take hours. `read` refuses its public key.
    members = {k: v for k, v in jwk.items() if k not in _PRIVATE} if is_long else jwk
    try:
        with warnings.catch_warnings():
            # `read` refuses weak keys with a message of its own.
            warnings.simplefilter("ignore", SecurityWarning)
            key: Any = JWKRegistry.import_key(members)
            native = key.private_key if key.is_private else key.public_key
        if is_long and key.public_key.key_size <= RSA_MOST_BITS:
            raise ValueError("a private member is too large")
        if jwk.get("crv") == "Ed25519":
            # joserfc derives the public key from `d`. Other programs use `x`.
            public = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
            if public.public_key != key.public_key:
                raise ValueError("x is not the public key of d")
    except (JoseError, ValueError, KeyError, TypeError):
        raise UnsuitableKey(_("The JWK has missing or malformed members.")) from None
    return native, jwk.get("alg")


def _members(text: bytes) -> dict[str, Any]:
    """Return the JWK in a file, or the only one of a JWK Set."""
    try:
        jwk: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise UnsuitableKey(_("The file begins like a JWK, but it is not JSON.")) from None
    if "keys" in jwk:
        keys = jwk["keys"]
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            sentence = _("The file holds a JWK Set whose keys are not a list of objects.")
            raise UnsuitableKey(sentence)
        if len(keys) != 1:
            raise UnsuitableKey(
                _(
                    "The file holds a JWK Set of %(number)d keys; expected one. Put the key to "
                    "import in a file of its own."
                ),
                number=len(keys),
            )
        jwk = keys[0]
    if jwk.get("kty") == "oct":
        raise UnsuitableKey(_("A symmetric key cannot be published; expected RSA, EC or OKP."))
    return jwk


def _check_use(jwk: Mapping[str, Any]) -> None:
    """Raise `UnsuitableKey` for a JWK that is not for signatures, or has parts of a private key."""
    if jwk.get("use", "sig") != "sig":
        sentence = _("The JWK is for use %(use)s; expected 'sig'.")
        raise UnsuitableKey(sentence, use=reprlib.repr(jwk["use"]))
    operations = jwk.get("key_ops", ["sign", "verify"])
    # A public JWK that was made from a private one may still say `sign`.
    accepted = ["sign"] if "d" in jwk else ["verify", "sign"]
    if not isinstance(operations, list) or not any(name in operations for name in accepted):
        if len(accepted) > 1:
            text = _("The JWK is for key_ops %(operations)s; expected 'verify' or 'sign' in it.")
        else:
            text = _("The JWK is for key_ops %(operations)s; expected 'sign' in it.")
        raise UnsuitableKey(text, operations=reprlib.repr(operations))
    remains = [name for name in _PRIVATE if name in jwk]
    if remains and not jwk.get("d"):
        raise UnsuitableKey(
            _(
                "The JWK has private members (%(names)s), and no private key. Give its public key "
                "without them."
            ),
            names=", ".join(remains),
        )
