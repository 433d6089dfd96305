"""What a DPoP proof costs: the proof alone, and a protected call with and without one.

python -m benchmarks.site.proofs ROUNDS
"""

from __future__ import annotations

import hashlib
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import django
from django.http import HttpRequest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from benchmarks.goals import BEARER
from benchmarks.results import Row, interleave
from benchmarks.site.requests import call_request
from benchmarks.site.timing import microseconds, print_rows

_KEYS: dict[str, Callable[[], Key]] = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    "RS256": lambda: RSAKey.generate_key(2048),
}


class _Registry(jws.JWSRegistry):
    # The key of an RSA proof is longer than the headers that joserfc writes by default.
    max_header_length = 2048


class Prover:
    """A client with a key and a token that is bound to it: no two of its proofs are the same."""

    def __init__(self, algorithm: str) -> None:
        from benchmarks.site.peers import CLAIMS
        from mcp_oauth_discovery.signing import sign_jwt

        self.algorithm, self.key = algorithm, _KEYS[algorithm]()
        self.token = sign_jwt(CLAIMS, algorithm="EdDSA", cnf={"jkt": self.key.thumbprint()})
        self._numbers = count()

    def proof(self) -> str:
        from benchmarks.site.peers import AUDIENCE

        header: dict[str, Any] = {
            "alg": self.algorithm,
            "typ": "dpop+jwt",
            "jwk": self.key.as_dict(private=False),
        }
        digest = hashlib.sha256(self.token.encode()).digest()
        claims = {
            "jti": str(next(self._numbers)),
            "htm": "POST",
            "htu": AUDIENCE,
            "iat": int(time.time()),
            "ath": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        registry = _Registry(algorithms=[self.algorithm])
        return jwt.encode(header, claims, self.key, registry=registry)

    def request(self) -> HttpRequest:
        request = call_request()
        request.META["HTTP_AUTHORIZATION"] = f"DPoP {self.token}"
        request.META["HTTP_DPOP"] = self.proof()
        return request


def rows(rounds: int) -> Iterator[Row]:
    from benchmarks.site.peers import AUDIENCE, token_of
    from mcp_oauth_discovery.protection import BearerProtection, verify_proof

    protect = BearerProtection(scope="mcp", dpop="accept")
    measures: dict[tuple[str, str], Callable[[], float]] = {}
    for algorithm in _KEYS:
        prover = Prover(algorithm)
        verify = partial(verify_proof, method="POST", url=AUDIENCE, token=prover.token)
        bearer = partial(call_request, token_of("EdDSA"))
        for make in (bearer, prover.request):
            if protect(make()) is not None:
                raise SystemExit(f"BearerProtection refuses a token, in the case {algorithm}.")
        measures |= {
            (algorithm, "verify_proof"): partial(microseconds, verify, prover.proof),
            (algorithm, BEARER): partial(microseconds, protect, bearer),
            (algorithm, "call with a DPoP token"): partial(microseconds, protect, prover.request),
        }
    for (algorithm, name), samples in interleave(measures, rounds).items():
        yield Row("proofs", "a token with EdDSA", algorithm, name, "microseconds", samples)


if __name__ == "__main__":
    django.setup()
    print_rows(rows(int(sys.argv[1])))
