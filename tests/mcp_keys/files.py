"""Keys as other programs write them."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mcp_oauth_discovery.keys import jwk
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS


def private_pem(native, encryption=None, form=PrivateFormat.PKCS8):
    return native.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def public_pem(native):
    return native.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


KEYS = {name: (key.private_key, key) for name in ALGORITHMS for key in [jwk.generate(name)]}
RSA, EC, ED = (native for native, _ in KEYS.values())


def private_jwk(algorithm, **members):
    return json.dumps({**KEYS[algorithm][1].as_dict(private=True), **members}).encode()


def public_jwk(algorithm, **members):
    return json.dumps({**KEYS[algorithm][1].as_dict(private=False), **members}).encode()
