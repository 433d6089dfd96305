"""Tokens, honest and forged, and what is said of those that are not believed."""

from __future__ import annotations

import base64
import json
import re

import pytest

from mcp_oauth_discovery.signing import InvalidToken, verify_jwt
from tests import ORIGIN
from tests.keys import HOUR, NOW

AUDIENCE = f"{ORIGIN}/mcp"
EXP = int((NOW + HOUR).timestamp())
CLAIMS = {"sub": "7", "aud": AUDIENCE, "exp": EXP}


# RFC 6750 §3: what error_description may be made of.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def header_of(token):
    return json.loads(decode(token.split(".")[0]))


def claims_of(token):
    return json.loads(decode(token.split(".")[1]))


def forge(key, payload=None, *, sign=None, **header):
    """Return a token with any header and payload, signed by a key as it comes or by `sign`."""
    header = {"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt", **header}
    header = {name: value for name, value in header.items() if value is not None}
    payload = {"iss": ORIGIN, "iat": 0, **CLAIMS} if payload is None else payload
    message = f"{encode(header)}.{encode(payload)}"
    sign = sign or key.unseal().private_key.sign
    return f"{message}.{encode(sign(message.encode()))}"


def with_claims(key, **claims):
    merged = {"iss": ORIGIN, **CLAIMS, **claims}
    return forge(key, {name: value for name, value in merged.items() if value is not ...})


def verify(token, **kwargs):
    return verify_jwt(token, **{"audience": AUDIENCE, "now": NOW, **kwargs})


def refused(token, **kwargs):
    """Return why a token is not believed, in words that fit into a challenge."""
    with pytest.raises(InvalidToken) as caught:
        verify(token, **kwargs)
    assert DESCRIPTION.fullmatch(str(caught.value))
    return str(caught.value)


MALFORMED = "The token is malformed"
UNKNOWN_KEY = "The token was signed by an unknown key"
SIGNATURE = "The signature of the token is invalid"
HEADER = "The token has a header that is not allowed"
TYPE = "The token is of another type"
ISSUER = "The token has another issuer"
RESOURCE = "The token is not valid for this resource"
EXPIRED = "The token has expired"
EARLY = "The token is not valid yet"
