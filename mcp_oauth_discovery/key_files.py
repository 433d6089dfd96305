"""Keys as other programs write them, PEM and JWK: read, and judged before they are taken in."""

from __future__ import annotations

import json
import math
import re
import reprlib
import warnings
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
)
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, OKPKey

from mcp_oauth_discovery.edwards import is_strong
from mcp_oauth_discovery.jwk import ALGORITHMS, Key

# RFC 7517, RFC 7518 and RFC 8037: what a file with a public key has none of.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")

# A product in which every prime below 1000 is.
_SMALL = math.factorial(1000)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLOCK = re.compile(rb"^-----BEGIN ([A-Z0-9 ]+)-----.*?^-----END \1-----", re.M | re.S)

_ENCRYPTED = "The PEM is encrypted. Decrypt it first: openssl pkey -in FILE -out PLAIN."
_ENCRYPTED_SSH = "The key is encrypted. Take its passphrase away first: ssh-keygen -p -f COPY."
_UNREADABLE = "The PEM cannot be read as a private or a public key."


class UnsuitableKey(ValueError):
    """A key that cannot be read, or that no algorithm here may sign with."""


def read(data: bytes | str) -> tuple[Key, str]:
    """Read a key from a PEM or JWK file, private or public; return it with its algorithm.

    Raises `UnsuitableKey` with one line that says what is wrong.
    """
    text = _text(data)
    if not text:
        raise UnsuitableKey("The file is empty; expected a key as PEM or JWK.")
    if text.startswith(b"{"):
        native, declared = _read_jwk(text)
    elif b"-----BEGIN " in text:
        native, declared = _read_pem(text), None
    else:
        raise UnsuitableKey("The file holds neither PEM (-----BEGIN …) nor a JWK ({…}).")
    public = native if hasattr(native, "public_bytes") else native.public_key()
    for algorithm in ALGORITHMS.values():
        names = (None, algorithm.name, algorithm.other_name)
        if algorithm.accepts(public) and declared in names:
            _check_strength(public)
            return algorithm.wrap(native), algorithm.name
    needed = "; or ".join(f"{one.name} needs {one.needs}" for one in ALGORITHMS.values())
    raise UnsuitableKey(f"{_describe(public, declared)} cannot be used: {needed}.")


def declared_kid(data: bytes | str) -> str | None:
    """Return the `kid` by which a JWK file that `read` takes calls its key, if it does."""
    text = _text(data)
    if not text.startswith(b"{"):
        return None
    kid: object = json.loads(text).get("kid")
    return None if kid is None else str(kid)


def _text(data: bytes | str) -> bytes:
    if isinstance(data, str):
        # Half of a character is no key, and is told so below.
        data = data.encode("utf-8", "surrogatepass")
    return data.removeprefix(_BYTE_ORDER_MARK).strip()


def _check_strength(public: Any) -> None:
    # A private key would not have been read; of a public one, this much can be seen.
    if isinstance(public, rsa.RSAPublicKey) and math.gcd(public.public_numbers().n, _SMALL) > 1:
        raise UnsuitableKey("The modulus of this RSA key has a small factor: anybody can sign.")
    if isinstance(public, ed25519.Ed25519PublicKey) and not is_strong(public.public_bytes_raw()):
        raise UnsuitableKey(
            "The point of this Ed25519 key is of small order or malformed: anybody can sign."
        )


def _describe(public: Any, declared: object) -> str:
    size = getattr(public, "key_size", None)
    curve = getattr(getattr(public, "curve", None), "name", None)
    kind = type(public).__name__.lstrip("_").removesuffix("PublicKey")
    about = curve or (f"{size} bits" if size else "")
    exponent = f", exponent {public.public_numbers().e}" if kind == "RSA" else ""
    alg = f" for {reprlib.repr(declared)}" if declared else ""
    return f"This {kind} key{f' ({about}{exponent})' if about else ''}{alg}"


def _read_pem(text: bytes) -> Any:
    block, label = _key_block(text)
    is_ssh = label.startswith(b"OPENSSH ")
    try:
        if not label.endswith(b"PRIVATE KEY"):
            return load_pem_public_key(block)
        load = load_ssh_private_key if is_ssh else load_pem_private_key
        return load(block, password=None)
    except TypeError:
        # What cryptography raises when a password is missing.
        raise UnsuitableKey(_ENCRYPTED_SSH if is_ssh else _ENCRYPTED) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnsuitableKey(_UNREADABLE) from None


def _key_block(text: bytes) -> tuple[bytes, bytes]:
    """Return the block of a PEM that has the key, and its label.

    Other programs put parameters, certificates and remarks around it. A private key counts before
    a public one: whoever publishes a file does not want it in there.
    """
    blocks = [(found[0] + b"\n", found[1]) for found in _BLOCK.finditer(text)]
    for kind in (b"PRIVATE KEY", b"PUBLIC KEY"):
        keys = [one for one in blocks if one[1].endswith(kind)]
        if len(keys) > 1:
            raise UnsuitableKey("The file holds several keys. Put the one to import in a file.")
        if keys:
            return keys[0]
        if kind + b"-----" in text:
            # A part of one, which is not passed over for another.
            break
    raise UnsuitableKey(_UNREADABLE)


def _read_jwk(text: bytes) -> tuple[Any, object]:
    jwk = _members(text)
    _check_purpose(jwk)
    _check_remains(jwk)
    try:
        with warnings.catch_warnings():
            # Weak keys are refused by `read`, in words of ours.
            warnings.simplefilter("ignore", SecurityWarning)
            key: Any = JWKRegistry.import_key(jwk)
            native = key.private_key if key.is_private else key.public_key
        if jwk.get("crv") == "Ed25519":
            _check_halves(jwk, key)
    except (JoseError, ValueError, KeyError, TypeError):
        raise UnsuitableKey("The JWK has missing or malformed members.") from None
    return native, jwk.get("alg")


def _members(text: bytes) -> dict[str, Any]:
    try:
        jwk: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise UnsuitableKey("The file begins like a JWK, but it is not JSON.") from None
    if "keys" in jwk:
        raise UnsuitableKey("The file holds a JWK Set. Put the one key to import in a file.")
    if jwk.get("kty") == "oct":
        raise UnsuitableKey("A symmetric key cannot be published; expected RSA, EC or OKP.")
    return jwk


def _check_purpose(jwk: Mapping[str, Any]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise UnsuitableKey(f"The JWK is for use {reprlib.repr(jwk['use'])}; expected 'sig'.")
    operations = jwk.get("key_ops", ["sign", "verify"])
    # What is left of a private JWK when somebody takes its private half away may still say sign.
    wanted = ["sign"] if "d" in jwk else ["verify", "sign"]
    if not isinstance(operations, list) or not any(one in operations for one in wanted):
        expected = " or ".join(map(repr, wanted))
        said = reprlib.repr(operations)
        raise UnsuitableKey(f"The JWK is for key_ops {said}; expected {expected} in it.")


def _check_remains(jwk: Mapping[str, Any]) -> None:
    remains = [name for name in _PRIVATE if name in jwk]
    if remains and not jwk.get("d"):
        raise UnsuitableKey(
            f"The JWK has private members ({', '.join(remains)}), and no private key. "
            "Give its public half without them."
        )


def _check_halves(jwk: Mapping[str, Any], key: OKPKey) -> None:
    # joserfc goes by `d` and does not look at `x`, which others know the key by.
    public = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
    if public.public_key != key.public_key:
        raise ValueError("the halves are of two keys")
