"""JOSE as this site uses it: three algorithms and strict JSON (RFC 7515, RFC 8725)."""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwa, jws
from joserfc.jwk import ECKey


class EdDSA(jwa.EdDSAAlgorithm):
    # RFC 9864 deprecates this name, but most verifiers know no other.
    security_warning = ""


class ES256(jwa.ESAlgorithm):
    """ES256 with the nonces of RFC 6979 (RFC 8725 §3.2): every process signs the same token."""

    def sign(self, msg: bytes, key: ECKey) -> bytes:
        private: Any = key.get_op_key("sign")
        signature = private.sign(msg, ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class StrictJSON(json.JSONEncoder):
    """JSON without NaN and Infinity, which Python writes and other programs cannot read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_nan": False})


class Registry(jws.JWSRegistry):
    """The algorithms of this package only."""

    algorithms = {
        "RS256": jwa.RSAAlgorithm(256, recommended=True),
        "ES256": ES256("ES256", "P-256", 256, recommended=True),
        "EdDSA": EdDSA(),
    }


def check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a string.")
    if not value:
        raise ValueError(f"{name} is empty; expected a string that is not empty.")
