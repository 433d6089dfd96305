"""What verifies a token beside `verify_jwt`, with the keys parsed in advance."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import jwt as pyjwt
from django.conf import settings
from joserfc import jwk, jwt
from joserfc.errors import SecurityWarning

from benchmarks.site.recorded import HOST, read_documents
from mcp_oauth_discovery.signing import sign_jwt, verify_jwt

ISSUER = settings.MCP_ISSUER
AUDIENCE = f"https://{HOST}/mcp"
ALGORITHMS = ("RS256", "EdDSA")
# No token expires during a benchmark.
CLAIMS = {"sub": "1", "client_id": "client", "aud": AUDIENCE, "scope": "mcp", "exp": 4_000_000_000}
LEEWAY = 60

Verify = Callable[[str], object]

# joserfc prefers the new name of EdDSA, which PyJWT does not know.
warnings.filterwarnings("ignore", "EdDSA", SecurityWarning)


def token_of(algorithm: str) -> str:
    return sign_jwt(CLAIMS, algorithm=algorithm)


def key_set() -> list[dict[str, Any]]:
    """Return the keys of the recorded JWK Set."""
    return json.loads(read_documents(settings.DIRECTORY)["JWK Set"].body)["keys"]


def key_of(token: str) -> dict[str, Any]:
    """Return the key of a token: PyJWT and joserfc below do not even have to look it up."""
    kid = pyjwt.get_unverified_header(token)["kid"]
    return next(key for key in key_set() if key["kid"] == kid)


def ours(token: str) -> Verify:
    return lambda value: verify_jwt(value, audience=AUDIENCE)


def by_pyjwt(token: str) -> Verify:
    key = pyjwt.PyJWK(key_of(token))
    return lambda value: pyjwt.decode(
        value, key, algorithms=[key.algorithm_name], audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY
    )


def by_joserfc(token: str) -> Verify:
    key = jwk.import_key(key_of(token))
    algorithms = [key_of(token)["alg"]]
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
    )

    def verify(value: str) -> object:
        claims = jwt.decode(value, key, algorithms=algorithms).claims
        rules.validate(claims)
        return claims

    return verify


def by_fastmcp(token: str) -> Verify:
    """Return FastMCP's verifier with the JWK Set in its cache."""
    from fastmcp.server.auth.providers.jwt import JWTVerifier

    class Verifier(JWTVerifier):
        async def _fetch_jwks(self) -> dict[str, Any]:
            return {"keys": key_set()}

    verifier = Verifier(
        jwks_uri=f"{ISSUER}/.well-known/jwks.json",
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithm=key_of(token)["alg"],
        required_scopes=["mcp"],
    )
    asyncio.run(verifier.verify_token(token))

    def verify(value: str) -> object:
        # With the keys in the cache nothing waits, so no event loop is needed, which takes time.
        try:
            verifier.verify_token(value).send(None)
        except StopIteration as end:
            return end.value
        raise SystemExit("FastMCP's JWTVerifier has waited for something.")

    return verify


def peers() -> dict[str, Callable[[str], Verify]]:
    """Return what makes the verifiers that are installed, by the names in the tables."""
    known = {"verify_jwt": ours, "PyJWT, parsed key": by_pyjwt, "joserfc, parsed key": by_joserfc}
    if importlib.util.find_spec("fastmcp"):
        known["FastMCP's JWTVerifier"] = by_fastmcp
    else:
        print("Skipped FastMCP's JWTVerifier: fastmcp is not installed.", file=sys.stderr)
    return known
