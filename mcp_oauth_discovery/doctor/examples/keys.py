"""Examples for the keys and for signed metadata."""

from __future__ import annotations

from mcp_oauth_discovery.doctor.examples.example import Example

_JWKS = "https://app.example.com/.well-known/jwks.json"
_EMPTY = '{"keys": []}'
_KEY = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": …}]}'

JWKS = {
    "jwks-not-found": Example(
        f"GET {_JWKS}\nHTTP/1.1 404 Not Found", f"GET {_JWKS}\nHTTP/1.1 200 OK\n\n{_KEY}"
    ),
    "jwks-private": Example(
        '{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": …, "d": …}',
        '{"kty": "OKP", "crv": "Ed25519", "kid": "b", "x": …}  # a new key: d was public',
    ),
    "jwks-duplicate-kid": Example(
        '[{"kid": "a", …}, {"kid": "a", …}]', '[{"kid": "a", …}, {"kid": "b", …}]'
    ),
    "jwks-no-kid": Example(
        '[{"kid": "a", …}, {"kty": "RSA", …}]', '[{"kid": "a", …}, {"kid": "b", …}]'
    ),
    "jwks-key-invalid": Example(
        '{"kty": "RSA", "kid": "a", "e": "AQAB"}', '{"kty": "RSA", "kid": "a", "e": "AQAB", "n": …}'
    ),
    "jwks-weak": Example("An RSA key with 1024 bits.", "An RSA key with 2048 bits or more."),
    "jwks-algorithm": Example(
        '{"kty": "OKP", "crv": "Ed25519", "alg": "ES256", …}',
        '{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", …}',
    ),
    "jwks-empty": Example(_EMPTY, _KEY),
    "jwks-cannot-sign": Example(
        "The site signs tokens, but mcp_keys list has no active key.",
        "manage.py mcp_keys rotate",
    ),
    "jwks-unserved": Example(
        '"id_token_signing_alg_values_supported": ["ES256"]\nThe only key is an RSA key.',
        '"id_token_signing_alg_values_supported": ["RS256"]',
    ),
    "jwks-elsewhere": Example(
        '"jwks_uri": "https://keys.example.net/jwks.json"', f'"jwks_uri": "{_JWKS}"'
    ),
    "jwks-no-keys": Example(_EMPTY, _KEY),
}

SIGNED = {
    "signed-malformed": Example(
        '"signed_metadata": "eyJhbGciOiJFZERTQSJ9"',
        '"signed_metadata": "eyJhbGciOiJFZERTQSJ9.eyJpc3Mi….c2lnbmF0dXJl…"',
    ),
    "signed-key": Example('Header: {"alg": "EdDSA", "kid": "old"}\nKeys: a, b', "Keys: a, b, old"),
    "signed-signature": Example(
        "Another private key signed than the public key with this kid.",
        "The private key that belongs to the public key with this kid.",
    ),
    "signed-issuer": Example(
        'Claims: {"resource": …}', 'Claims: {"iss": "https://app.example.com", "resource": …}'
    ),
    "signed-expired": Example('"exp": 1577836800  # 2020-01-01', "exp in the future, or no exp"),
    "signed-differs": Example(
        'Document: "resource": "https://app.example.com/mcp"\n'
        'Claims: "resource": "https://app.example.com/api"',
        'Document and claims: "resource": "https://app.example.com/mcp"',
    ),
}
