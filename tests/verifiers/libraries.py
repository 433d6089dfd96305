"""Three libraries that verify tokens by a JWK Set on the network, each with its own cache."""

from __future__ import annotations

import itertools
import json
import subprocess
import urllib.request
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from unittest.mock import patch

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt

from tests.clients.deployments import Deployment
from tests.verifiers import ALGORITHMS

_names = itertools.count()

JOSE = Path(__file__).with_name("jose")


class UnknownKey(Exception):
    """The JWK Set, freshly fetched, has no key of that kid."""


class BadSignature(Exception):
    """The key of that kid has not signed this."""


class Verifier(Protocol):
    """One cache; what is said to it is said to nobody else."""

    def verify(self, token: str) -> dict[str, Any]: ...


class Aging(Verifier, Protocol):
    """A verifier whose cache can be made as old as one likes."""

    def age(self, seconds: float) -> None: ...


class PyJWT:
    """PyJWKClient, which caches the JWK Set for five minutes."""

    # Without the pause after a request, an unknown key is asked for at once: what this verifier
    # knows without a request, it had in its cache.
    OPTIONS = MappingProxyType({"cooldown_duration": 0})

    def __init__(self, site: Deployment, options: Mapping[str, Any] = OPTIONS) -> None:
        self.site = site
        self.keys = jwt.PyJWKClient(site.jwks_url, **options)
        self.now: float | None = None

    def age(self, seconds: float) -> None:
        """Let the cache be that old: from now on the clock stands still, that long after."""
        cache = self.keys.jwk_set_cache
        assert cache
        assert cache.jwk_set_with_timestamp
        self.now = cache.jwk_set_with_timestamp.get_timestamp() + seconds

    def verify(self, token: str) -> dict[str, Any]:
        # PyJWKClient has no hook for the time, and asks no other clock than this one.
        with nullcontext() if self.now is None else patch("time.monotonic", lambda: self.now):
            return self._verify(token)

    def _verify(self, token: str) -> dict[str, Any]:
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self.site.issuer,
                audience=self.site.resource,
            )
        except jwt.PyJWKClientConnectionError:
            raise
        except jwt.PyJWKClientError as error:
            raise UnknownKey from error
        except jwt.InvalidSignatureError as error:
            raise BadSignature from error


class Joserfc:
    """A KeySet of joserfc, which leaves it to us to fetch: at first, and for an unknown kid."""

    def __init__(self, site: Deployment) -> None:
        self.site = site
        self.keys: joserfc.jwk.KeySet | None = None
        self.claims = joserfc.jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": site.issuer},
            aud={"essential": True, "value": site.resource},
            exp={"essential": True},
        )

    def verify(self, token: str) -> dict[str, Any]:
        try:
            decoded = self._decode(token)
        except joserfc.errors.BadSignatureError as error:
            raise BadSignature from error
        self.claims.validate(decoded.claims)
        return decoded.claims

    def _decode(self, token: str) -> joserfc.jwt.Token:
        if self.keys:
            try:
                return joserfc.jwt.decode(token, self.keys, algorithms=ALGORITHMS)
            except joserfc.errors.InvalidKeyIdError:
                pass
        with urllib.request.urlopen(self.site.jwks_url, timeout=30) as response:  # noqa: S310
            self.keys = joserfc.jwk.KeySet.import_key_set(json.load(response))
        try:
            return joserfc.jwt.decode(token, self.keys, algorithms=ALGORITHMS)
        except joserfc.errors.InvalidKeyIdError as error:
            raise UnknownKey from error


class Jose:
    """createRemoteJWKSet of jose, which caches the JWK Set for ten minutes."""

    REFUSALS = {
        "ERR_JWKS_NO_MATCHING_KEY": UnknownKey,
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED": BadSignature,
    }

    # As with PyJWKClient: no pause between two requests.
    OPTIONS = MappingProxyType({"cooldownDuration": 0})

    def __init__(self, site: Deployment, node: Node, options: Mapping[str, Any] = OPTIONS) -> None:
        self.site = site
        self.node = node
        self.options = dict(options)
        self.name = next(_names)

    def age(self, seconds: float) -> None:
        """Let the cache be that old, by the hook that jose has for caches kept elsewhere."""
        assert self.node.ask(verifier=self.name, age=seconds) == {}

    def verify(self, token: str) -> dict[str, Any]:
        answer = self.node.ask(
            verifier=self.name,
            options=self.options,
            jwks_url=self.site.jwks_url,
            issuer=self.site.issuer,
            audience=self.site.resource,
            token=token,
        )
        if "refused" in answer:
            raise self.REFUSALS.get(answer["refused"], AssertionError)(answer["refused"])
        claims: dict[str, Any] = answer["claims"]
        return claims


class Node:
    """A process of Node.js in which all verifiers of jose live."""

    def __init__(self, node: str, script: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([node, str(script)], stdin=pipe, stdout=pipe, text=True)

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        # It ends with its input.
        with self.process:
            pass
