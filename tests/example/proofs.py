"""DPoP proofs as clients make them (RFC 9449 §4.2), and a client that sends one with each form."""

from __future__ import annotations

from joserfc.jwk import ECKey

from tests.dpop.proofs import claims_of, header_of, signed
from tests.example.walk import ORIGIN, Walk

TOKEN_ENDPOINT = f"{ORIGIN}/oauth/mcp/token"


def proof(key, *, header=None, token=None, **claims):
    """Return a proof for a token request, with other claims or members of the header."""
    payload = claims_of(token, **{"htu": TOKEN_ENDPOINT, **claims})
    return signed(header_of(key, **(header or {})), payload, key)


class Prover(Walk):
    """A client with a key. `sent` is the value of its next DPoP header, if it is not fresh."""

    def __init__(self, browser):
        super().__init__(browser)
        self.key = ECKey.generate_key("P-256")
        self.sends = True
        self.sent = None

    @property
    def thumbprint(self):
        return self.key.thumbprint()

    def send_form(self, path, form, **options):
        headers = dict(options.pop("headers", {}))
        if path.endswith("/token") and self.sends:
            headers["dpop"] = proof(self.key) if self.sent is None else self.sent
        return super().send_form(path, form, headers=headers, **options)
