"""A healthy deployment without a network; tests break it in one place and ask the doctor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from mcp_oauth_discovery.doctor.examination import Selection, examined
from mcp_oauth_discovery.doctor.findings import Finding, Severity
from mcp_oauth_discovery.doctor.report import EndpointReport
from mcp_oauth_discovery.doctor.transport.messages import Answer, Failure, Fault, Trouble
from mcp_oauth_discovery.doctor.walk.credentials import Credentials
from mcp_oauth_discovery.doctor.walk.walker import Walker
from mcp_oauth_discovery.keys import jwk

ORIGIN = "https://app.example.com"
ENDPOINT = f"{ORIGIN}/mcp"
PRM = f"{ORIGIN}/.well-known/oauth-protected-resource/mcp"
PRM_ROOT = f"{ORIGIN}/.well-known/oauth-protected-resource"
SERVER = f"{ORIGIN}/.well-known/oauth-authorization-server"
OPENID = f"{ORIGIN}/.well-known/openid-configuration"
JWKS = f"{ORIGIN}/.well-known/jwks.json"
TOKEN = f"{ORIGIN}/o/token/"
PAGE = "https://page.example.net"
HTML = b"<!doctype html><title>A page</title>"

PRIVATE = {name: jwk.generate(name) for name in ("RS256", "EdDSA")}
KEYS = [jwk.public_jwk(key, name) for name, key in PRIVATE.items()]


class World:
    """Answers like a healthy site; `prm`, `server`, `keys` and headers are there to be changed.

    `replies` has what is answered instead, by method and URL, or by URL for every method.
    """

    def __init__(self) -> None:
        self.prm: Any = {
            "resource": ENDPOINT,
            "authorization_servers": [ORIGIN],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["mcp"],
        }
        self.server: Any = {
            "issuer": ORIGIN,
            "authorization_endpoint": f"{ORIGIN}/o/authorize/",
            "token_endpoint": TOKEN,
            "registration_endpoint": f"{ORIGIN}/o/register/",
            "jwks_uri": JWKS,
            "scopes_supported": ["mcp", "offline_access"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "client_id_metadata_document_supported": True,
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
        }
        self.keys: Any = {"keys": [dict(key) for key in KEYS]}
        self.signing: tuple[Fault, ...] = ()
        self.unpinned: tuple[Fault, ...] = ()
        # The endpoints that have a card in the settings of the project.
        self.described: frozenset[str] = frozenset()
        # All endpoints in the settings of the project.
        self.endpoints: frozenset[str] = frozenset()
        self.challenge: str | None = f'Bearer resource_metadata="{PRM}", scope="mcp"'
        self.endpoint: dict[str, str] = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "WWW-Authenticate",
        }
        self.document: dict[str, str] = {
            "Content-Type": "application/json",
            "Cache-Control": "public, max-age=300",
            "Access-Control-Allow-Origin": "*",
        }
        self.preflight: dict[str, str] = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "*, Authorization",
            "Access-Control-Allow-Methods": "DELETE, GET, POST",
        }
        self.replies: dict[Any, Any] = {}
        # The addresses of the hosts; none for those that are left out.
        self.addresses: dict[str, tuple[str, ...]] = {}
        # What is answered to a token in the header or in the query, if not as above.
        self.tokens: Callable[[str, str], Any] | None = None
        self.credentials = Credentials()
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    def reply(self, *key: str, status=200, body: Any = b"", seconds=0.0, **headers: str) -> None:
        """Answer a URL, or a method and a URL, in another way; a dict is sent as JSON."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[key] = (status, fields, body, seconds)

    def fail(self, url: str, trouble: Trouble, reason: str = "a reason", **more: Any) -> None:
        """Give no answer at a URL."""
        self.replies[(url,)] = Failure("GET", url, trouble, reason, **more)

    def json(self, url: str, members: Any, status=200, **headers: str) -> None:
        """Serve a document at a URL as the other documents are served."""
        self.replies[("GET", url)] = (status, {**self.document, **_dashed(headers)}, members, 0.0)

    def send(self, method, url, headers=(), body=b"") -> Answer | Failure:
        self.requests.append((method, url, dict(headers)))
        addresses = self.addresses.get(urlsplit(url).hostname or "", ())
        url, _, query = url.partition("?access_token=")
        asked = "GET" if method == "HEAD" and ("HEAD", url) not in self.replies else method
        reply = self.replies.get((asked, url)) or self.replies.get((url,))
        bearer = dict(headers).get("Authorization", "").removeprefix("Bearer ")
        if method == "POST" and self.tokens is not None and (bearer or query):
            reply = self.tokens(bearer, query)
        elif callable(reply):
            reply = reply(method, dict(headers))
        reply = reply or self._healthy(method, url)
        if bearer and isinstance(reply, tuple) and self.tokens is None:
            reply = _with_error(reply)
        if isinstance(reply, Failure):
            return replace(reply, method=method, url=url, addresses=addresses)
        status, fields, content, seconds = reply
        if isinstance(content, (dict, list)):
            content = json.dumps(content).encode()
        is_cut = len(content) > 1000 * 256
        told = tuple(fields.items()) if isinstance(fields, dict) else tuple(fields)
        sent = b"" if method == "HEAD" else content
        return Answer(method, url, status, told, sent, is_cut, seconds, addresses=addresses)

    def _healthy(self, method: str, url: str) -> Any:
        documents = {PRM: self.prm, SERVER: self.server, JWKS: self.keys}
        if method == "OPTIONS":
            return 204, self.preflight, b"", 0.0
        if url == ENDPOINT:
            challenge = {} if self.challenge is None else {"WWW-Authenticate": self.challenge}
            return 401, {**self.endpoint, **challenge}, b"", 0.0
        if url in documents:
            return 200, self.document, documents[url], 0.0
        return (400 if "/o/" in url else 404), {"Cache-Control": "no-store"}, b"", 0.0


def report_on(world: World, url: str = ENDPOINT, in_process=False, probes=True) -> EndpointReport:
    """Return the report of the doctor, with or without all that is asked beyond the walk."""
    inside = frozenset({ORIGIN}) if in_process else None
    wanted = Selection().probes() if probes else {}
    walker = Walker(
        world,
        page_origin=PAGE,
        probes=wanted,
        inside=inside,
        signing=world.signing,
        unpinned=world.unpinned,
        described=world.described,
        credentials=world.credentials,
        endpoints=world.endpoints,
    )
    return examined(walker.walk(url), Selection())


def diagnose(world: World, url: str = ENDPOINT, **options: Any) -> list[Finding]:
    """Return what the doctor finds, with or without all that is asked beyond the walk."""
    return list(report_on(world, url, **options).findings)


def faults(world: World, url: str = ENDPOINT, **options: Any) -> list[str]:
    """Return the codes of what the doctor finds, but for the passes, each once."""
    findings = diagnose(world, url, **options)
    return sorted({one.code for one in findings if one.severity is not Severity.PASS})


def only(world: World, code: str, url: str = ENDPOINT, **options: Any) -> Finding:
    """Return the one finding that there is; fails where there is another one."""
    found = [one for one in diagnose(world, url, **options) if one.severity is not Severity.PASS]
    codes = [one.code for one in found]
    assert codes == [code], codes
    return found[0]


def found(code: str, plant: Callable[[World], object]) -> Finding:
    """Return the one finding about a healthy world after a fault was planted in it."""
    world = World()
    plant(world)
    return only(world, code)


def _with_error(reply: Any) -> Any:
    """Return a reply to a bad token: its challenge says that the token is invalid."""
    status, fields, content, seconds = reply
    fields = dict(fields)
    challenge = fields.get("WWW-Authenticate", "")
    if status == 401 and "error=" not in challenge:
        named = challenge.replace("Bearer ", 'Bearer error="invalid_token", ', 1)
        bare = re.sub(r"Bearer(?= *$|,)", 'Bearer error="invalid_token"', named)
        fields["WWW-Authenticate"] = bare
    return status, fields, content, seconds


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
