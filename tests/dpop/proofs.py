"""Makes DPoP proofs, valid ones and all others, with the keys of a client and of a thief."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests import ORIGIN

RESOURCE = f"{ORIGIN}/mcp"

CLIENT = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
THIEF = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
OTHER_CURVE = ECKey.import_key(ec.generate_private_key(ec.SECP384R1()))
EDWARDS = OKPKey.import_key(ed25519.Ed25519PrivateKey.generate())
RSA = RSAKey.import_key(rsa.generate_private_key(65537, 2048))


def encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def digest(token):
    return encoded(hashlib.sha256(token.encode()).digest())


def parts(header, claims):
    """Return what is signed: the first two parts of a JWT."""
    return ".".join(encoded(json.dumps(value).encode()) for value in (header, claims))


def header_of(key=CLIENT, alg="ES256", **members):
    return {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False), **members}


def claims_of(token=None, **claims):
    ath = {} if token is None else {"ath": digest(token)}
    return {
        "htm": "POST",
        "htu": RESOURCE,
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
        **ath,
        **claims,
    }


def without(values, *names):
    return {name: value for name, value in values.items() if name not in names}


def signed(header, claims, key=CLIENT, algorithm=None):
    """Return a JWT; `algorithm` may be another one than the header says."""
    text = parts(header, claims)
    # Not by the functions of joserfc, which refuse what is wrong.
    signer = jws.JWSRegistry.algorithms[algorithm or header.get("alg", "ES256")]
    return f"{text}.{encoded(signer.sign(text.encode(), key))}"


def make_proof(token=None, *, key=CLIENT, alg="ES256", **claims):
    """Return a valid proof for a POST to the resource, but for what the claims say."""
    return signed(header_of(key, alg), claims_of(token, **claims), key)
