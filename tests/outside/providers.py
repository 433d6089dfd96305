"""What providers serve and sign, in the forms of their documentation of November 2026.

Each form has what sets this provider apart: where its metadata is, the members of its keys, the
header of its tokens, and their claims. No test reaches a provider.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from mcp_oauth_discovery.verifiers.key_sets import Registry
from tests.outside.servers import Reply, StandIn

MCP = "https://app.example.com/mcp"
GUID = "3f8f6a3e-0d5b-4a3f-9a6b-6a7f8d1c2b3e"
TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"
CERTIFICATE = "MIIC/TCCAeWgAwIBAgIIfzTpT2A4I3kwDQYJKoZIhvcNAQELBQAw"


@cache
def rsa_key(number: int) -> RSAKey:
    """Return one of a few keys, which take long to make."""
    return RSAKey.generate_key(2048)


@cache
def other_key(name: str) -> ECKey | OKPKey:
    """Return the key of a curve."""
    return OKPKey.generate_key(name) if name == "Ed25519" else ECKey.generate_key(name)


@dataclass(frozen=True)
class Form:
    """One provider: paths, members of its keys, headers and claims of its tokens."""

    issuer: str
    metadata: str
    jwks: str
    kid: str
    key_members: dict[str, Any]
    header: dict[str, Any]
    claims: dict[str, Any]
    audience: str | None = None
    # What a required scope is called, if it is not `mcp`.
    scope: str = "mcp"
    further_keys: tuple[dict[str, Any], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


FORMS = {
    "auth0": Form(
        issuer="/",
        metadata="/.well-known/openid-configuration",
        jwks="/.well-known/jwks.json",
        kid="NzAyRkI5Nzc",
        key_members={"use": "sig", "alg": "RS256", "x5t": "NzAyRkI5Nzc", "x5c": [CERTIFICATE]},
        header={"typ": "at+jwt"},
        claims={
            "sub": "auth0|123456",
            "aud": [MCP, "https://tenant.auth0.com/userinfo"],
            "client_id": "my_client_id",
            "scope": "openid profile mcp",
            "permissions": ["mcp", "files:write"],
        },
    ),
    "cognito": Form(
        issuer="/us-east-1_Example",
        metadata="/us-east-1_Example/.well-known/openid-configuration",
        jwks="/us-east-1_Example/.well-known/jwks.json",
        kid="1234example=",
        key_members={"alg": "RS256", "use": "sig"},
        header={},
        claims={
            "sub": GUID,
            "cognito:groups": ["testgroup"],
            "version": 2,
            "client_id": "xxxxxxxxxxxxexample",
            "token_use": "access",
            "scope": "openid mcp",
            "aud": MCP,
            "username": "ada",
        },
    ),
    "entra": Form(
        issuer=f"/{TENANT}/v2.0",
        metadata=f"/{TENANT}/v2.0/.well-known/openid-configuration",
        jwks=f"/{TENANT}/discovery/v2.0/keys",
        kid="CNv0OI3RwqlHFEVnaoMAshCH2XE",
        key_members={
            "use": "sig",
            "x5t": "CNv0OI3RwqlHFEVnaoMAshCH2XE",
            "x5c": [CERTIFICATE],
            "cloud_instance_name": "microsoftonline.com",
            "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        },
        header={"typ": "JWT", "x5t": "CNv0OI3RwqlHFEVnaoMAshCH2XE"},
        claims={"aud": GUID, "azp": GUID, "scp": "mcp", "tid": TENANT, "oid": GUID, "ver": "2.0"},
        audience=GUID,
        headers={"Cache-Control": "max-age=86400, private"},
    ),
    "google": Form(
        # Its access tokens are opaque; this is an ID token.
        issuer="",
        metadata="/.well-known/openid-configuration",
        jwks="/oauth2/v3/certs",
        kid="b50be2e2d6b0c8f4ce5d7c05f4d0c7a4",
        key_members={"alg": "RS256", "use": "sig"},
        header={"typ": "JWT"},
        claims={"aud": "1234.apps.googleusercontent.com", "azp": "1234", "sub": "107"},
        audience="1234.apps.googleusercontent.com",
        scope="",
        headers={"Cache-Control": "public, max-age=20433, must-revalidate, no-transform"},
    ),
    "keycloak": Form(
        issuer="/realms/mcp",
        metadata="/realms/mcp/.well-known/openid-configuration",
        jwks="/realms/mcp/protocol/openid-connect/certs",
        kid="FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE",
        key_members={"alg": "RS256", "use": "sig", "x5c": [CERTIFICATE], "x5t#S256": "gAcbYbV4"},
        header={"typ": "JWT"},
        claims={
            "jti": f"onrtac:{GUID}",
            "aud": [MCP, "account"],
            "typ": "Bearer",
            "azp": "my-client",
            "scope": "openid mcp",
        },
        further_keys=(
            {
                "kid": "LKXPN8nXKAVTNxkWtpRIIH5MMjDs1lFWuhGx0lOBcEY",
                "kty": "RSA",
                "alg": "RSA-OAEP",
                "use": "enc",
                "n": "not read, since it is for encryption",
                "e": "AQAB",
            },
        ),
    ),
    "okta": Form(
        issuer="/oauth2/aus9o8wzkhckw9TLa0h7z",
        metadata="/oauth2/aus9o8wzkhckw9TLa0h7z/.well-known/openid-configuration",
        jwks="/oauth2/aus9o8wzkhckw9TLa0h7z/v1/keys",
        kid="ZkvelLN_seik7w4pc_prCcfUf-h2hFfiwkDeCrs0iUc",
        key_members={"alg": "RS256", "use": "sig"},
        header={},
        claims={
            "ver": 1,
            "jti": "AT.MNAoEQ_jbKqoinrQo1D0XKjMX28U5d7ZszBceot7-Ts",
            "aud": MCP,
            "cid": "0oabucvyc38HLL1ef0h7",
            "uid": "00uixa271s6x7qt8I0h7",
            "scp": ["openid", "mcp"],
            "sub": "ada@example.com",
        },
    ),
    "workos": Form(
        issuer="",
        metadata="/.well-known/oauth-authorization-server",
        jwks="/oauth2/jwks",
        kid="sso_oidc_key_pair_01HBEQKA6K4QJAS93VPE39W1JT",
        key_members={"alg": "RS256", "use": "sig"},
        header={},
        claims={
            "aud": MCP,
            "sub": "user_01HBEQKA6K4QJAS93VPE39W1JT",
            "sid": "session_01HQSXZGF8FHF7A9ZZFCW4387R",
            "jti": "01HQSXZXPPFPKMDD32RKTFY6PV",
            "scope": "openid mcp",
        },
    ),
}


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """Return a public key with its members in a JWK Set."""
    public = {**key.as_dict(private=False), **members}
    return {name: value for name, value in public.items() if value is not None}


@dataclass
class Provider:
    """A provider of a form, on a server of its own or with the keys on another one."""

    form: Form
    server: StandIn
    keys_server: StandIn
    key: Any = field(default_factory=lambda: rsa_key(1))
    kid: str | None = None

    def __post_init__(self) -> None:
        self.kid = self.form.kid
        self.publish_metadata()
        self.publish(self.jwk(), *self.form.further_keys)

    @property
    def issuer(self) -> str:
        return f"{self.server.origin}{self.form.issuer}"

    @property
    def jwks_uri(self) -> str:
        return f"{self.keys_server.origin}{self.form.jwks}"

    @property
    def requests_for_keys(self) -> int:
        return self.keys_server.paths().count(self.form.jwks)

    def jwk(self, **members: Any) -> dict[str, Any]:
        return jwk(self.key, kid=self.kid, **{**self.form.key_members, **members})

    def publish_metadata(self, **members: Any) -> None:
        document = {"issuer": self.issuer, "jwks_uri": self.jwks_uri, **members}
        self.server.replies[self.form.metadata] = Reply(document)

    def publish(self, *keys: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        reply = Reply({"keys": list(keys)}, headers=headers or self.form.headers)
        self.keys_server.replies[self.form.jwks] = reply

    def rotate(self, kid: str = "the-new-one") -> None:
        self.key, self.kid = rsa_key(2), kid
        self.publish(self.jwk(), *self.form.further_keys)

    def token(self, *, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token of this provider; None leaves a claim or a member of the header out."""
        now = int(time.time())
        dates = {"iat": now, "nbf": now, "exp": now + 300}
        payload = {"iss": self.issuer, "sub": "ada", **dates, **self.form.claims, **claims}
        members = {"alg": "RS256", "kid": self.kid, **self.form.header, **(header or {})}
        return signed(key or self.key, members, payload)


def signed(key: Any, header: dict[str, Any], payload: Any) -> str:
    """Return a compact JWS of exactly these members, whatever they are."""
    header = {name: value for name, value in header.items() if value is not None}
    if isinstance(payload, dict):
        payload = {name: value for name, value in payload.items() if value is not None}
    message = f"{encode(header)}.{encode(payload)}"
    known = isinstance(header.get("alg"), str) and header["alg"] in Registry.algorithms
    algorithm = Registry.algorithms[header["alg"] if known else "RS256"]
    return f"{message}.{base64url(algorithm.sign(message.encode(), key))}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(value: Any) -> str:
    return base64url(value if isinstance(value, bytes) else json.dumps(value).encode())
