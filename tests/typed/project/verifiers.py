"""Verifiers of the site, beside those of the package."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from typing_extensions import assert_type

from mcp_oauth_discovery.protection import (
    Claims,
    InvalidToken,
    NotMine,
    Unavailable,
    Verifier,
    verify_token,
)
from mcp_oauth_discovery.signing import verify_jwt
from mcp_oauth_discovery.verifiers import ApiKey, Introspection, RemoteIssuer

KEYS = {"key-7": "7"}


def look_up(request: HttpRequest, key: str) -> dict[str, str] | None:
    subject = KEYS.get(key)
    return None if subject is None else {"sub": subject, "scope": "mcp"}


async def look_up_in_time(request: HttpRequest, key: str) -> Claims | None:
    return look_up(request, key)


def verify_session(request: HttpRequest, token: str, resource: str) -> Claims:
    """A verifier as a function."""
    if not token.startswith("session-"):
        raise NotMine
    if token == "session-":
        raise InvalidToken("The session is unknown", reason="unknown_session")
    return {"sub": token.removeprefix("session-"), "aud": resource}


async def verify_elsewhere(request: HttpRequest, token: str, resource: str) -> dict[str, Any]:
    """A verifier as a coroutine function."""
    raise Unavailable("The other service does not answer", retry_after=5)


class Audience:
    """A verifier as an instance."""

    def __init__(self, audience: str) -> None:
        self.audience = audience

    def __call__(self, request: HttpRequest, token: str, resource: str) -> Claims:
        claims = verify_jwt(token, audience=self.audience, typ="JWT", leeway=5)
        assert_type(claims, dict[str, Any])
        return claims


BY_KEY = ApiKey(look_up, prefix="key-")
EVERY_KEY = ApiKey(look_up_in_time)
LOGIN = RemoteIssuer("https://login.example.com", audience=["files"], algorithms=["ES256"])
OPAQUE = Introspection("https://login.example.com/introspect", "files", "secret", timeout=2.5)
ALL: list[Verifier] = [
    verify_token,
    verify_session,
    verify_elsewhere,
    Audience("https://files.example.com"),
    LOGIN,
    OPAQUE,
    BY_KEY,
    EVERY_KEY,
]


def claims_of(request: HttpRequest, token: str, resource: str) -> list[Claims]:
    by_key = assert_type(BY_KEY(request, token, resource), Claims)
    of_login = assert_type(LOGIN(request, token, resource), dict[str, Any])
    return [by_key, of_login, assert_type(OPAQUE(request, token, resource), dict[str, Any])]
