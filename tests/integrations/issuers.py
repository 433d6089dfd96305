"""An outside provider: metadata and a JWK Set over HTTP, and tokens by the key in there.

It stands in for hosted services, which no test can run, and for Keycloak, which takes a JVM, half a
gigabyte and a minute to start.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


@dataclass(frozen=True)
class Issuer:
    """An issuer with a final slash, as Auth0 spells it."""

    url: str
    key: RSAKey

    @property
    def jwks_uri(self) -> str:
        return f"{self.url}jwks"

    def token(self, key: RSAKey | None = None, **claims: Any) -> str:
        """Return a token that says for whom it is only if the claims do."""
        now = int(time.time())
        said = {"iss": self.url, "sub": "auth0|ada", "iat": now, "exp": now + 300, **claims}
        present = {name: value for name, value in said.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, present, key or self.key)


@contextmanager
def serving_issuer() -> Iterator[Issuer]:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = documents.get(self.path)
            self.send_response(200 if document else 404)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}/", key)
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": issuer.url,
                "jwks_uri": issuer.jwks_uri,
            },
            "/jwks": KeySet([key]).as_dict(private=False),
        }
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield issuer
        server.shutdown()
        thread.join()
